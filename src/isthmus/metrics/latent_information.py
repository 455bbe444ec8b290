"""What a random code tells, and how: the divergence from the prior, taken apart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from isthmus.data.examples import Examples
from isthmus.data.reading import read_as_in_fit
from isthmus.errors import DataError, NotAvailableError, counted
from isthmus.layers.diagonal_gaussian import DiagonalGaussian
from isthmus.metrics.latent_usage import usage_of
from isthmus.metrics.rows import batches as batches_of
from isthmus.metrics.text_table import aligned
from isthmus.records import View
from isthmus.training.random_stream import RandomStream
from isthmus.training.seeds import EVALUATION, derive

if TYPE_CHECKING:
    from isthmus.estimator import Estimator

FEWEST_ROWS, FEWER_ROWS, MOST_ROWS = 20, 1000, 5000
MOST_PAIRS = 2**28  # log densities in all, above FEWER_ROWS
NUMBERS = 2**24  # log densities in memory


@dataclass(frozen=True, kw_only=True)
class LatentInformation:
    """Of held-out rows, nats for each: ``kl = mutual_information + total_correlation + dimension_wise``.

    q(z) is the mean of the posteriors of these ``rows``, so the mutual information is log(rows) at the most. A code
    that comes near to that (``saturated``) tells rows apart better than so few can show: its mutual information is at
    least what is told here, its prior gap and total correlation are at most that.
    """

    kl: float  # mean divergence of q(z | x) from p(z): the rate
    mutual_information: float  # of x and z under q
    total_correlation: float | None  # KL(q(z) || product of q(z_d)); None where q has no density of each number
    dimension_wise: float | None  # sum of KL(q(z_d) || p(z_d)); None likewise, or where p does not factorise
    prior_gap: float  # KL(q(z) || p(z)): the two before together, whether they can be told apart or not
    kl_by_dimension: tuple[float, ...]
    active_units: int  # means of which vary by more than .01
    units: int
    rows: int
    seed: int
    diagnosis: str | None  # what to do against a collapse

    @property
    def limit(self) -> float:
        """The most that can be seen of the mutual information, nats."""
        return math.log(self.rows)

    @property
    def saturated(self) -> bool:
        """Whether the mutual information is within a nat of what so many rows can show."""
        return self.mutual_information > self.limit - 1

    @property
    def caution(self) -> str | None:
        """What is to be known before these numbers are compared with others', if anything."""
        if not self.saturated:
            return None
        return (
            f"of {self.rows:,} rows no more than log({self.rows}) = {self.limit:.2f} nats of mutual information can "
            f"be seen: it is at least {self.mutual_information:.2f}; KL(q(z) || p(z)) and the total correlation are at "
            "most what is told. Compare them among models on the same rows alone"
        )

    def lines(self) -> list[tuple[str, str]]:
        """What is known, with its unit."""
        told = [
            ("rate: KL(q(z|x) || p(z))", self.kl),
            ("  mutual information of x and z", self.mutual_information),
            ("  KL(q(z) || p(z))", self.prior_gap),
            ("    total correlation", self.total_correlation),
            ("    dimension-wise KL", self.dimension_wise),
        ]
        lines = [(name, f"{value:.3f} nats") for name, value in told if value is not None]
        return [*lines, ("active units", f"{self.active_units} of {self.units}")]

    def as_text(self) -> str:
        """For people."""
        limit = f"at most {self.limit:.2f} nats can be seen of the mutual information"
        notes = [note for note in (self.caution, self.diagnosis) if note]
        return "\n".join([*aligned(self.lines()), f"{self.rows:,} rows, seed {self.seed}: {limit}", *notes])

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {**vars(self), "kl_by_dimension": list(self.kl_by_dimension), "unit": "nats per row"}


def rows_for(dim: int) -> int:
    """How many rows are looked at: every draw is compared with the posteriors of all of them.

    >>> rows_for(8), rows_for(128)
    (5000, 1448)
    """
    return min(MOST_ROWS, max(FEWER_ROWS, math.isqrt(MOST_PAIRS // dim)))


def latent_information(model: Estimator, X: Any, *, random_state: int = 0) -> LatentInformation:
    """The rate of a model's random code on held-out rows X (5000 at the most; fewer of long codes), taken apart.

    By one draw of each code.

    X is read as in ``fit``, with labels where the model is conditional. Raises ``NotAvailableError`` for codes that are
    discrete or not random, and ``DataError`` for fewer than 20 rows.

    Source: Hoffman & Johnson 2016, ELBO surgery; Chen et al. 2018, Isolating sources of disentanglement in variational
    autoencoders, equation 2.

    >>> import isthmus as im
    >>> X = im.data.load("digits")
    >>> found = im.latent_information(im.VAE(4, trainer=im.Trainer(epochs=1)).fit(X), X)
    >>> abs(found.kl - found.mutual_information - found.prior_gap) < 1e-3, found.units
    (True, 4)
    """
    examples = read_as_in_fit(X, model.schema_, "latent_information")
    examples = examples.at_most(rows_for(math.prod(model.autoencoder_.code_shape)))
    if len(examples) < FEWEST_ROWS:
        raise DataError(
            f"latent_information: X has {counted(len(examples), 'row')}; expected {FEWEST_ROWS} or more: of n rows at "
            "most log(n) nats can be seen"
        )
    usage, prior = usage_of(model, examples), model.autoencoder_.prior
    if usage is None or prior is None or usage.discrete:
        raise NotAvailableError(
            f"latent_information: the code of {type(model).__name__} is not random, or discrete; expected one of "
            "numbers with a posterior, such as a VAE's"
        )
    found = _Densities.of(model, examples, random_state)
    gap = (found.joint - found.log_p.sum(-1)).mean().item()
    marginals, factorised = found.marginals, found.log_p.shape[-1] > 1
    return LatentInformation(
        kl=(found.own - found.log_p.sum(-1)).mean().item(),
        mutual_information=(found.own - found.joint).mean().item(),
        total_correlation=None if marginals is None else (found.joint - marginals.sum(-1)).mean().item(),
        dimension_wise=(
            None if marginals is None or not factorised else (marginals - found.log_p).sum(-1).mean().item()
        ),
        prior_gap=gap,
        kl_by_dimension=tuple(usage.kl.ravel().tolist()),
        active_units=usage.active_units,
        units=usage.variance_of_means.size,
        rows=len(examples),
        seed=random_state,
        diagnosis=usage.remedy(model.get_params(deep=False)),
    )


@dataclass(frozen=True, kw_only=True)
class _Densities:
    """Of one draw for each row, nats."""

    own: Tensor  # [n]: log q(z | its own x)
    joint: Tensor  # [n]: log q(z) over all the rows
    marginals: Tensor | None  # [n, d]: log q(z_d), where numbers have densities of their own
    log_p: Tensor  # [n, d], or [n, 1]

    @classmethod
    @torch.no_grad()
    def of(cls, model: Estimator, examples: Examples, seed: int) -> _Densities:
        """All posteriors at once, some draws at a time."""
        autoencoder = model.autoencoder_
        made = [(autoencoder.features(batch), batch.condition) for batch in batches_of(model, examples)]
        features = torch.cat([features for features, _ in made])
        told = [condition for _, condition in made if condition is not None]
        view = View(x=features, condition=torch.cat(told) if told else None)
        with RandomStream(derive(seed, EVALUATION), features.device):
            code = autoencoder.bottleneck(features, view, None)
        posterior, z = code.posterior, code.z
        assert posterior is not None
        assert autoencoder.prior is not None
        apart, count = isinstance(posterior, DiagonalGaussian), len(z)
        joint, marginals = [], []
        for some in z.split(max(1, NUMBERS // z.numel())):
            pairs = posterior.log_prob(some[:, None]).flatten(2)  # [some, n, d]
            joint.append(pairs.sum(-1).logsumexp(1) - math.log(count))
            marginals += [pairs.logsumexp(1) - math.log(count)] if apart else []
        return cls(
            own=posterior.log_prob(z).flatten(1).sum(1).double(),
            joint=torch.cat(joint).double(),
            marginals=torch.cat(marginals).double() if apart else None,
            log_p=autoencoder.prior.log_prob(z).flatten(1).double(),
        )
