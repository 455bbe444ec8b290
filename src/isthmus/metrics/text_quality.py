"""How well a model of texts writes held-out ones again, and what they cost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from isthmus.data.examples import Examples
from isthmus.data.schemas.text import TextSchema
from isthmus.errors import DataError
from isthmus.metrics.latent_usage import usage_of
from isthmus.metrics.rows import BOUND_DRAWS, DRAWS, FEWEST, LIKELIHOOD_ROWS, batches, blocks, told_already
from isthmus.records import View

if TYPE_CHECKING:
    from isthmus.estimator import Estimator

MOST_SYMBOLS = 2**20  # that are scored for log p(x), all draws together


@dataclass(frozen=True, kw_only=True)
class TextQuality:
    """Measured on held-out texts; symbols are tokens and the end of each text.

    Source: Bowman et al. 2016, Generating sentences from a continuous space (KL, perplexity); Burda et al. 2016,
    Importance weighted autoencoders (log p(x), active units).
    """

    rows: int  # texts that were written again
    exact: float  # share of them that are, letter by letter, what they were; by greed
    token_accuracy: float  # share of symbols that are the likeliest at their place, after the right ones
    nats_per_token: float  # -log p(x | z) by symbol, at the code that ``transform`` gives
    perplexity: float  # exp of that
    likelihood_rows: int | None = None  # texts that what follows is measured on, where the code is random
    elbo: float | None = None  # nats per text
    elbo_per_token: float | None = None  # nats per symbol
    log_likelihood: float | None = None  # log p(x), nats per text, importance-sampled
    kl: float | None = None  # what the code costs of the ELBO, nats per text
    active_units: int | None = None  # dimensions of the code that vary with x

    @classmethod
    def measure(cls, estimator: Estimator, test: Examples) -> TextQuality:
        """By at most 1000 of the texts; log p(x) by fewer where they are long. Raises ``DataError``.

        Tokens that are not known are not told once more: whoever encodes the texts has heard of them.

        >>> import isthmus as im
        >>> names = im.data.read(["anna", "hanna", "hannah", "susanna"] * 5)
        >>> model = im.SequenceAE(4, network={"width": 16}, trainer=im.Trainer(epochs=1)).fit(names)
        >>> found = TextQuality.measure(model, names)
        >>> found.rows, 0 <= found.exact <= found.token_accuracy <= 1, found.kl
        (20, True, None)
        """
        schema = estimator.schema_
        if not isinstance(schema, TextSchema):
            raise DataError(f"{type(estimator).__name__} was fitted on {schema.kind} data; expected texts")
        if len(test) == 0:
            raise DataError("There are no texts to measure on")
        some = test.at_most(LIKELIHOOD_ROWS)
        with told_already():
            again = estimator.reconstruct(some)
        right, nats, symbols = _taught(estimator, some)
        told = cls(
            rows=len(some),
            exact=sum(a == b for a, b in zip(some.values.tolist(), list(again), strict=True)) / len(some),
            token_accuracy=right / symbols,
            nats_per_token=nats / symbols,
            perplexity=math.exp(nats / symbols),
        )
        usage = usage_of(estimator, some)
        if usage is None:
            return told
        few = some.at_most(max(FEWEST, MOST_SYMBOLS // round(DRAWS * (schema.tokens / max(schema.count, 1) + 1))))
        bound, likelihood, counted = _likelihoods(estimator, few)
        return cls(
            **vars(told)
            | {
                "likelihood_rows": len(few),
                "elbo": bound / len(few),
                "elbo_per_token": bound / counted,
                "log_likelihood": likelihood / len(few),
                "kl": float(usage.kl.sum()),
                "active_units": usage.active_units,
            }
        )

    def lines(self) -> list[tuple[str, float | int]]:
        """What people read: names with units, and numbers."""
        told: list[tuple[str, float | int | None]] = [
            (f"written again exactly, share of {self.rows:,} texts", self.exact),
            ("right tokens, share, given those before", self.token_accuracy),
            ("nats per token, given the code", self.nats_per_token),
            ("perplexity, given the code", self.perplexity),
            (f"ELBO, nats per text ({self.likelihood_rows or 0:,} texts)", self.elbo),
            ("ELBO, nats per token", self.elbo_per_token),
            (f"log p(x), nats per text ({DRAWS} draws)", self.log_likelihood),
            ("KL, nats per text", self.kl),
            ("active dimensions", self.active_units),
        ]
        return [(name, value) for name, value in told if value is not None]


@torch.no_grad()
def _taught(estimator: Estimator, examples: Examples) -> tuple[int, float, int]:
    """Symbols that are the likeliest at their place; nats of all; how many there are. By teacher forcing."""
    model = estimator.autoencoder_
    assert model.decoder is not None
    assert model.likelihood is not None
    right, nats, count = 0, 0.0, 0
    for batch in batches(estimator, examples):
        view = View(x=batch.x, valid=batch.valid, condition=batch.condition)
        scores = model.decoder(model.encode(batch), view, batch.wanted).float()
        valid = batch.wanted_valid
        assert valid is not None  # texts have lengths of their own
        right += int(((scores.argmax(1) == batch.wanted) & valid).sum())
        nats -= float(model.likelihood.log_prob(scores, batch.wanted, valid).double().sum())
        count += int(valid.sum())
    return right, nats, count


@torch.no_grad()
def _likelihoods(estimator: Estimator, examples: Examples) -> tuple[float, float, int]:
    """ELBO and log p(x) of all texts together, nats; and how many symbols they have."""
    model = estimator.autoencoder_
    bound, likelihood, count = 0.0, 0.0, 0
    pairs = (blocks(estimator, examples, draws) for draws in (BOUND_DRAWS, DRAWS))
    for (batch, few), (_, many) in zip(*pairs, strict=True):
        bound += float(model.log_bound(batch, few).double().sum())
        likelihood += float(model.log_prob(batch, many).double().sum())
        assert batch.wanted_valid is not None
        count += int(batch.wanted_valid.sum())
    return bound, likelihood, count
