"""FactorVAE score: whether the number that varies least tells which factor is fixed."""

from __future__ import annotations

import numpy as np

from isthmus.metrics.disentanglement.encoded import Encoded
from isthmus.metrics.disentanglement.score import Score
from isthmus.metrics.disentanglement.votes import EACH, JUDGED, LEARNT, votes_in_blocks


def factor_vae_score(encoded: Encoded, seed: int = 0) -> Score:
    """Accuracy in [0, 1] of a majority vote; chance is one over the factors, and 0 where the whole code has collapsed.

    A vote draws a factor and 64 rows of one value of it, and names the dimension whose variance among them is the
    smallest share of that over all rows. Dimensions that have collapsed (``active``) are left out. Each dimension
    stands for the factor that it was named with most often in 10,000 votes; 5,000 are judged.

    Source: Kim & Mnih 2018, Disentangling by factorising, section 4.

    >>> grid = np.indices((3, 4)).reshape(2, -1).T.repeat(10, axis=0)
    >>> factor_vae_score(Encoded.of(grid[:, ::-1], grid)).value
    1.0
    """
    rng, values = np.random.default_rng(seed), encoded.factors.values
    codes = encoded.codes[:, encoded.active]  # of variance 1: no more to divide by
    count, dims = values.shape[1], codes.shape[1]
    chosen = rng.integers(count, size=LEARNT + JUDGED)
    named = np.zeros(len(chosen), dtype=np.int64)
    for factor, votes in votes_in_blocks(chosen, max(1, dims)) if dims else ():
        first = rng.integers(len(codes), size=len(votes))
        shared = np.repeat(values[first, factor][:, None], EACH, axis=1)  # [votes, rows]
        named[votes] = codes[encoded.by_value[factor].drawn(shared, rng)].var(1).argmin(1)
    table = np.zeros((max(1, dims), count), dtype=np.int64)
    np.add.at(table, (named[:LEARNT], chosen[:LEARNT]), 1)
    right = table.argmax(1)[named[LEARNT:]] == chosen[LEARNT:]
    return Score(
        name="FactorVAE score",
        value=float(right.mean()) if dims else 0.0,
        chance=1 / count,
        learnt=LEARNT,
        judged=JUDGED,
        unit="votes",
        seed=seed,
    )
