"""BetaVAE score: whether a line tells which factor two rows share, by how their codes differ."""

from __future__ import annotations

import numpy as np

from isthmus.metrics.disentanglement.encoded import Encoded
from isthmus.metrics.disentanglement.score import Score
from isthmus.metrics.disentanglement.votes import EACH, JUDGED, LEARNT, votes_in_blocks
from isthmus.metrics.probes import linear_probe


def beta_vae_score(encoded: Encoded, seed: int = 0) -> Score:
    """Accuracy in [0, 1] of a linear classifier; chance is about one over the factors.

    A vote draws a factor and 64 pairs of rows, the two of a pair of one value of it: its features are the mean
    absolute differences of their codes, ``[d]``, standardised, its class is the factor. 10,000 votes are learnt from,
    5,000 are judged.

    Source: Higgins et al. 2017, beta-VAE, section 3 (the metric).

    >>> grid = np.indices((3, 4)).reshape(2, -1).T.repeat(10, axis=0)
    >>> beta_vae_score(Encoded.of(grid, grid)).value
    1.0
    """
    return Score(
        name="BetaVAE score",
        value=_accuracy(encoded, seed),
        chance=_accuracy(encoded.shuffled(seed), seed),
        learnt=LEARNT,
        judged=JUDGED,
        unit="votes",
        seed=seed,
    )


def _accuracy(encoded: Encoded, seed: int) -> float:
    rng, factors = np.random.default_rng(seed), encoded.factors
    rows, dims = encoded.codes.shape
    chosen = rng.integers(len(factors.names), size=LEARNT + JUDGED)
    differences = np.empty((len(chosen), dims))
    for factor, votes in votes_in_blocks(chosen, dims):
        first = rng.integers(rows, size=(len(votes), EACH))  # [votes, pairs]
        second = encoded.by_value[factor].drawn(factors.values[first, factor], rng)
        differences[votes] = np.abs(encoded.codes[first] - encoded.codes[second]).mean(1)
    learnt, judged = slice(LEARNT), slice(LEARNT, None)
    return linear_probe(differences[learnt], chosen[learnt], differences[judged], chosen[judged])
