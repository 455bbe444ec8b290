"""FactorVAE score: whether the number that varies least tells which factor is fixed."""

from __future__ import annotations

import numpy as np

from isthmus.metrics.disentanglement.encoded import Encoded
from isthmus.metrics.disentanglement.score import Score
from isthmus.metrics.disentanglement.votes import EACH, JUDGED, LEARNT, votes_in_blocks


def factor_vae_score(encoded: Encoded, seed: int = 0) -> Score:
    """Accuracy in [0, 1] of a majority vote; chance is about one over the factors; 0 where all has collapsed.

    A vote draws a factor and 64 rows of one value of it, and names the dimension whose variance among them is the
    smallest share of that over all rows. Dimensions that have collapsed (``active``) are left out. Each dimension
    stands for the factor that it was named with most often in 10,000 votes; 5,000 are judged.

    Source: Kim & Mnih 2018, Disentangling by factorising, section 4.

    >>> grid = np.indices((3, 4)).reshape(2, -1).T.repeat(10, axis=0)
    >>> factor_vae_score(Encoded.of(grid[:, ::-1], grid)).value
    1.0
    """
    return Score(
        name="FactorVAE score",
        value=_accuracy(encoded, seed),
        chance=_accuracy(encoded.shuffled(seed), seed),
        learnt=LEARNT,
        judged=JUDGED,
        unit="votes",
        seed=seed,
    )


def _accuracy(encoded: Encoded, seed: int) -> float:
    rng, values = np.random.default_rng(seed), encoded.factors.values
    codes = encoded.codes[:, encoded.active]  # of variance 1: no more to divide by
    count, dims = values.shape[1], codes.shape[1]
    chosen = rng.integers(count, size=LEARNT + JUDGED)
    named = np.zeros(len(chosen), dtype=np.int64)
    if not dims:
        return 0.0
    for factor, votes in votes_in_blocks(chosen, dims):
        first = rng.integers(len(codes), size=len(votes))
        shared = np.repeat(values[first, factor][:, None], EACH, axis=1)  # [votes, rows]
        named[votes] = codes[encoded.by_value[factor].drawn(shared, rng)].var(1).argmin(1)
    table = np.zeros((dims, count), dtype=np.int64)
    np.add.at(table, (named[:LEARNT], chosen[:LEARNT]), 1)
    return float((table.argmax(1)[named[LEARNT:]] == chosen[LEARNT:]).mean())
