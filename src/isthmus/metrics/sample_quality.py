"""Whether made examples are like real ones, as varied, and not learnt by heart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import DataError

NEIGHBOURS = 5
POOR = 0.5  # coverage below which much of the data is never made
ALIKE = 0.05  # share of duplicates from which something is wrong


@dataclass(frozen=True, kw_only=True)
class SampleQuality:
    """Of made examples against real ones, by distances in the space that they are given in.

    Source: Kynkaanniemi et al. 2019, Improved precision and recall metric; Naeem et al. 2020, Reliable fidelity and
    diversity metrics for generative models; duplicates: Arora et al. 2018, Do GANs learn the distribution?
    """

    precision: float  # share of made examples within the reach of a real one
    recall: float  # share of real examples within the reach of a made one
    density: float  # how many real reaches a made example lies in, over k; about 1 for real ones
    coverage: float  # share of real examples with a made one within their reach
    duplicates: float  # share of made examples that add nothing, being near copies, beyond that among as many real ones
    distance_to_known: float  # median distance to the nearest training example, in units of that of real examples

    @classmethod
    def measure(
        cls,
        *,
        real: NDArray[np.float64],
        made: NDArray[np.float64],
        known: NDArray[np.float64],
        neighbours: int = NEIGHBOURS,
    ) -> SampleQuality:
        """From ``[n, d]`` held-out ``real``, ``made`` and ``known`` (trained on) examples or features of them.

        Raises ``DataError`` where there are too few.

        >>> rng = np.random.default_rng(0)
        >>> real, made, known = (rng.normal(size=(200, 2)) for _ in range(3))
        >>> SampleQuality.measure(real=real, made=made, known=known).coverage > 0.9
        True
        """
        from scipy.spatial.distance import cdist  # exact: copies are at 0
        from sklearn.neighbors import NearestNeighbors

        fewest = min(len(real), len(made), len(known))
        if fewest <= neighbours:
            raise DataError(f"There are only {fewest} examples; expected more than {neighbours}")

        def distances(of: NDArray[np.float64], to: NDArray[np.float64], count: int) -> NDArray[np.float64]:
            return np.asarray(NearestNeighbors(n_neighbors=count).fit(to).kneighbors(of)[0])

        reach_real = distances(real, real, neighbours + 1)[:, -1]
        reach_made = distances(made, made, neighbours + 1)[:, -1]
        apart = cdist(made, real)
        within = apart <= reach_real[None]
        same = min(len(real), len(made))  # the more there are, the nearer is the next
        some = (np.random.default_rng(0).permutation(each)[:same] for each in (real, made))  # rows may be in order
        among_real, among_made = (cdist(each, each) for each in some)
        copy = _nearer_than_most(among_real)
        return cls(
            precision=float(within.any(1).mean()),
            recall=float((apart <= reach_made[:, None]).any(0).mean()),
            density=float(within.sum() / (neighbours * len(made))),
            coverage=float(within.any(0).mean()),
            duplicates=max(0.0, 1 - _different(among_made, copy) / _different(among_real, copy)),
            distance_to_known=float(
                np.median(distances(made, known, 1)) / max(np.median(distances(real, known, 1)), 1e-12)
            ),
        )

    @property
    def remedy(self) -> str | None:
        """What to do where samples are ill; None where they are well."""
        if self.duplicates > ALIKE:
            return (
                f"{self.duplicates:.0%} of the samples are nearly copies of another: the generator has collapsed, or "
                "has only begun. Train longer, then at a lower learning rate; WGANGP collapses least."
            )
        if self.coverage < POOR:
            return (
                f"Only {self.coverage:.0%} of the data have a sample near them: train longer, or take a wider network."
            )
        return None


def _nearer_than_most(among: NDArray[np.float64]) -> float:
    """The distance below which 1 % of the examples that differ have their next one, from ``[n, n]`` distances."""
    following = np.where(among > 0, among, np.inf).min(1)
    return float(np.quantile(following[np.isfinite(following)], 0.01)) if np.isfinite(following).any() else 0.0


def _different(among: NDArray[np.float64], copy: float) -> float:
    """How many examples there are if copies count as one."""
    return float((1 / (among <= copy).sum(1)).sum())
