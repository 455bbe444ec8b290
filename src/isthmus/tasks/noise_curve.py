"""What rebuilding leaves over of rows with noise, level by level: how strong a noise is, and how to take it out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

FLOOR = 1e-6  # of the mean, below which no value's residual is held to be
BETWEEN = 16  # levels that are told apart between two that were noted
ROWS = 30.0  # rows that Wiener's filter counts as, in how much is believed of y and of r


@dataclass(frozen=True, kw_only=True)
class Passes:
    """Rows that are clean, that have noise, and what these are rebuilt to: ``[n, values]`` each, about their means."""

    clean: NDArray[np.floating]
    noisy: NDArray[np.floating]
    rebuilt: NDArray[np.floating]


@dataclass(frozen=True, kw_only=True)
class NoiseCurve:
    """Of rows that were clean, with noise of known levels: what they are rebuilt to, and how far that is from them.

    The noise of a new row is the level at which residuals like its own are likeliest, each value's taken for normal
    around 0. A value's best linear estimate from what is seen of it, y, and what it is rebuilt to, r, is ``a y + b r``:
    y alone where there is no noise, hardly more than r where there is much. Both are learnt, beginning with Wiener's
    filter, ``a = variance / (variance + level^2)`` and ``b = 0``, from which few rows do not lead far.

    Source: the linear minimum-mean-square-error estimate of each value (Wiener's), with r as a second witness.

    >>> rng = np.random.default_rng(0)
    >>> x, noise = rng.normal(size=(500, 20)), rng.normal(size=(500, 20))
    >>> levels = np.linspace(0, 2, 9)
    >>> passes = (Passes(clean=x, noisy=x + level * noise, rebuilt=0 * x) for level in levels)  # rebuilt to the mean
    >>> curve = NoiseCurve.learn(levels, passes, variances=x.var(0), count=500)
    >>> curve.estimate(np.ones((2, 20)), np.zeros((2, 20)), np.array([0.0, 1.0])).mean(1).round(1).tolist()
    [1.0, 0.5]
    >>> curve.level_of(np.square(x + 0.6 * noise).mean(0, keepdims=True)).round(1).tolist()
    [0.6]
    """

    levels: NDArray[np.float64]  # [levels], rising from 0
    residual: NDArray[np.float64]  # [levels, values]: mean of (y - r)^2
    believed: NDArray[np.float64]  # [levels, values, 2]: of y, and of r

    @classmethod
    def learn(
        cls, levels: NDArray[np.float64], passes: Iterable[Passes], *, variances: NDArray[np.floating], count: int
    ) -> NoiseCurve:
        """``passes`` of each level in order; ``variances`` of clean values, and of how many different rows."""
        residual, believed = [], []
        for level, some in zip(levels, passes, strict=True):
            squares = np.square(some.noisy - some.rebuilt).mean(0)
            residual.append(np.maximum(squares, FLOOR * squares.mean() + np.finfo(np.float64).tiny))
            wiener = variances / (variances + level**2 + np.finfo(np.float64).tiny)
            believed.append(_beliefs(some, np.stack([wiener, np.zeros_like(wiener)], axis=-1), ROWS / count))
        believed[0][:] = (1.0, 0.0)  # where there is no noise what is seen is right
        found = np.stack(residual)
        found[:, found[-1] <= 2 * FLOOR * found[-1].mean()] = 1.0  # values that never have noise say nothing of it
        return cls(levels=levels, residual=found, believed=np.stack(believed))

    def level_of(self, squares: NDArray[np.floating]) -> NDArray[np.float64]:
        """The likeliest level of rows with these squared residuals ``[n, values]``: ``[n]``."""
        fit = -0.5 * (squares @ (1 / self._between).T + np.log(self._between).sum(1))  # [n, levels]: log p, nats
        return np.asarray(np.sqrt(self._places[fit.argmax(1)]))

    @cached_property
    def _places(self) -> NDArray[np.float64]:
        """Squares of levels, several between each two that were noted."""
        ends = np.square(self.levels)
        shares = np.arange(BETWEEN) / BETWEEN
        return np.append((ends[:-1, None] + shares * np.diff(ends)[:, None]).ravel(), ends[-1])

    @cached_property
    def _between(self) -> NDArray[np.float64]:
        """The residuals at these: their squares grow as that of the level does."""
        count = np.arange(len(self._places)) / BETWEEN
        below = count.astype(int).clip(max=len(self.levels) - 2)
        share = (count - below)[:, None]
        return np.asarray((1 - share) * self.residual[below] + share * self.residual[below + 1])

    def estimate(
        self, noisy: NDArray[np.floating], rebuilt: NDArray[np.floating], level: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """Clean rows, as far as can be told, ``[n, values]`` like both, about their means; ``level [n]``."""
        place = np.interp(level, self.levels, np.arange(len(self.levels)))
        below = place.astype(int).clip(max=len(self.levels) - 2)
        share = (place - below)[:, None, None]
        a, b = np.moveaxis((1 - share) * self.believed[below] + share * self.believed[below + 1], -1, 0)
        return np.asarray(a * noisy + b * rebuilt)


def _beliefs(some: Passes, start: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Least squares for each value, ``[values, 2]``; what it starts with counts as this share of the rows."""
    seen = np.stack([some.noisy, some.rebuilt])
    gram = np.einsum("anv,bnv->vab", seen, seen) / seen.shape[1]
    wanted = np.einsum("anv,nv->va", seen, some.clean) / seen.shape[1]
    own = np.einsum("vaa->va", gram)
    held = share * own + FLOOR * own.mean() + np.finfo(np.float64).tiny
    return np.linalg.solve(gram + held[:, :, None] * np.eye(2), (wanted + held * start)[:, :, None])[:, :, 0]
