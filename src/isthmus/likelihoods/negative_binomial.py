"""Counts that vary more than a Poisson's: molecules of genes in cells, words in texts, visits."""

from collections.abc import Sequence
from typing import Literal

from torch import Tensor

from isthmus.layers.negative_binomial import LARGEST, CountRates, drawn_counts, log_negative_binomial
from isthmus.stations import Likelihood


class NegativeBinomial(Likelihood):
    """p(x | z) = NB(x; mean, theta), with the variance ``mean + mean^2 / theta``.

    ``relative``: the mean is the row's library size (the sum of its counts) times ``softmax(output)`` over the row, so
    that rows are told apart by shares, not by how much was counted; log p is then conditional on that sum. It is what
    models of tables choose. Otherwise the mean is ``exp(output)``. ``dispersion``: ``"learned"``, a theta for each
    value of ``shape`` (without a shape: one), or ``"per_value"``, from the decoder.

    Source: Lopez et al. 2018, Deep generative modeling for single-cell transcriptomics (scVI), Nature Methods; Eraslan
    et al. 2019, Single-cell RNA-seq denoising using a deep count autoencoder (DCA), Nature Communications.

    >>> import torch
    >>> p = NegativeBinomial()
    >>> p.log_prob(torch.zeros(1, 1, 1), torch.zeros(1, 1)).exp().item()
    0.5
    """

    scaling = "counts"
    continuous = False

    def __init__(
        self,
        shape: Sequence[int] = (),
        relative: bool = False,
        dispersion: Literal["learned", "per_value"] = "learned",
    ) -> None:
        super().__init__()
        self.per_value = dispersion == "per_value"
        self.outputs = 2 if self.per_value else 1
        self.rates = CountRates(tuple(shape), relative=relative, learned=not self.per_value)

    def log_prob_values(self, output: Tensor, target: Tensor, valid: Tensor | None = None) -> Tensor:
        """log p of each count, nats."""
        return log_negative_binomial(target, self.rates.log_mean(output[:, 0], target, valid), self._log_theta(output))

    def mean(self, output: Tensor) -> Tensor:
        """The expected counts, at the median library size."""
        return self.rates.log_mean(output[:, 0].float()).clamp_max(LARGEST).exp()

    def rebuilt(self, output: Tensor, x: Tensor) -> Tensor:
        """The expected counts, at the library size of x."""
        return self.rates.log_mean(output[:, 0].float(), x).clamp_max(LARGEST).exp()

    def sample(self, output: Tensor) -> Tensor:
        """Counts, at the median library size."""
        return drawn_counts(self.rates.log_mean(output[:, 0].float()), self._log_theta(output.float()))

    def example(self, output: Tensor) -> Tensor:
        """Counts, at library sizes like those of the data."""
        return drawn_counts(self.rates.drawn_log_mean(output[:, 0].float()), self._log_theta(output.float()))

    def link(self, target: Tensor) -> Tensor:
        """The logarithm of the mean of all rows, moved to each row."""
        return self.rates.linked(target)

    def initialise(self, output: Tensor, target: Tensor) -> None:
        """Library sizes, and theta by moments."""
        self.rates.start(output[:, 0], target)

    def _log_theta(self, output: Tensor) -> Tensor:
        return self.rates.log_theta(output[:, 1] if self.per_value else None)
