"""Counts of which some are 0 whatever the rest says: molecules that were there and were lost."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from isthmus.layers.negative_binomial import LARGEST, CountRates, drawn_counts, log_negative_binomial
from isthmus.stations import Likelihood

CLOSED = 3.0  # gates start with a probability of sigmoid(-3), 5 %


class ZeroInflatedNegativeBinomial(Likelihood):
    """p(x | z) = gate [x = 0] + (1 - gate) NB(x; mean, theta); the decoder gives the gate's logit for each value.

    ``shape``, ``relative``, ``dispersion``: as for ``NegativeBinomial``; shares and library sizes are those of the
    counts before some are lost.

    Source: Lopez et al. 2018, Deep generative modeling for single-cell transcriptomics (scVI), Nature Methods; Eraslan
    et al. 2019, Single-cell RNA-seq denoising using a deep count autoencoder (DCA), Nature Communications.

    >>> import torch
    >>> p = ZeroInflatedNegativeBinomial()
    >>> output = torch.tensor([[[0.0], [3.0]]])  # a mean of 1, a gate that is as likely open as closed
    >>> p.log_prob(output, torch.zeros(1, 1)).exp().item()
    0.75
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
        self.outputs = 3 if self.per_value else 2
        self.rates = CountRates(tuple(shape), relative=relative, learned=not self.per_value)

    def log_prob_values(self, output: Tensor, target: Tensor, valid: Tensor | None = None) -> Tensor:
        """log p of each count, nats."""
        counts = log_negative_binomial(
            target, self.rates.log_mean(output[:, 0], target, valid), self._log_theta(output)
        )
        passed = counts + self._log_open(output)
        return torch.where(target == 0, torch.logaddexp(passed, F.logsigmoid(_gate(output))), passed)

    def mean(self, output: Tensor) -> Tensor:
        """The expected counts, at the median library size, of which some are lost."""
        return self._expected(output.float(), None)

    def rebuilt(self, output: Tensor, x: Tensor) -> Tensor:
        """The expected counts, at the library size of x."""
        return self._expected(output.float(), x)

    def sample(self, output: Tensor) -> Tensor:
        """Counts, at the median library size."""
        return self._drawn(output.float(), self.rates.log_mean(output[:, 0].float()))

    def example(self, output: Tensor) -> Tensor:
        """Counts, at library sizes like those of the data."""
        return self._drawn(output.float(), self.rates.drawn_log_mean(output[:, 0].float()))

    def link(self, target: Tensor) -> Tensor:
        """The logarithm of the mean of all rows, moved to each row, and a little higher: some will be lost."""
        return self.rates.linked(target) + F.softplus(target.new_tensor(-CLOSED))

    def initialise(self, output: Tensor, target: Tensor) -> None:
        """Library sizes, and theta by moments."""
        self.rates.start(output[:, 0], target)

    def _expected(self, output: Tensor, x: Tensor | None) -> Tensor:
        return (self.rates.log_mean(output[:, 0], x) + self._log_open(output)).clamp_max(LARGEST).exp()

    def _drawn(self, output: Tensor, log_mean: Tensor) -> Tensor:
        counts = drawn_counts(log_mean, self._log_theta(output))
        return counts * torch.bernoulli(self._log_open(output).exp())

    def _log_open(self, output: Tensor) -> Tensor:
        """log(1 - gate)."""
        return F.logsigmoid(-_gate(output))

    def _log_theta(self, output: Tensor) -> Tensor:
        return self.rates.log_theta(output[:, 2] if self.per_value else None)


def _gate(output: Tensor) -> Tensor:
    """Its logit."""
    return output[:, 1] - CLOSED
