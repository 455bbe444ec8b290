"""The second stage: a prior over the symbols of a fitted model, trained by the same trainer."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.nothing import Nothing as NoCode
from isthmus.corruptions.condition_dropout import ConditionDropout
from isthmus.decoders.transformer import Transformer
from isthmus.encoders.nothing import Nothing as NoEncoder
from isthmus.likelihoods.categorical import Categorical
from isthmus.priors.autoregressive import Autoregressive
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.history import History
from isthmus.training.random_stream import RandomStream
from isthmus.training.resident import Resident
from isthmus.training.seeds import WEIGHTS, derive
from isthmus.training.trainer import Trainer

UNKNOWN = 0.1  # share of rows whose condition is hidden, so that the prior can do without


@dataclass(frozen=True, kw_only=True)
class SymbolPrior:
    """A fitted prior, and how it was trained."""

    prior: Autoregressive
    history: History


def fit_symbol_prior(
    symbols: Tensor,
    levels: int,
    *,
    condition: Tensor | None,
    width: int,
    depth: int,
    heads: int,
    dropout: float,
    trainer: Trainer,
    seed: int,
) -> SymbolPrior:
    """Train a transformer to tell each symbol from those before it: ``symbols [n, *shape]`` int64.

    It is an autoencoder without an encoder, so that one trainer serves both stages.
    """
    shape = tuple(symbols.shape[1:])
    network = {"width": width, "depth": depth, "heads": heads, "dropout": dropout}
    condition_dim = 0 if condition is None else condition.shape[1]
    with RandomStream(derive(seed, WEIGHTS)):
        decoder = Transformer(0, shape, levels, **network, condition_dim=condition_dim)  # type: ignore[arg-type]
        prior = Autoregressive(shape, levels, **network, condition_dim=condition_dim)  # type: ignore[arg-type]
        model = Autoencoder(
            NoEncoder(),
            NoCode(),
            decoder,
            Categorical(levels),
            terms=[Reconstruction()],
            corruption=ConditionDropout(UNKNOWN) if condition_dim else None,
        )
    rows = Resident(symbols.to(torch.int32), condition=condition)
    history = trainer.fit(model, rows, seed=seed)
    prior.network.load_state_dict(decoder.network.state_dict())
    return SymbolPrior(prior=prior.eval(), history=history)
