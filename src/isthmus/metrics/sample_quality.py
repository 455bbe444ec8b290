"""Whether made examples are like real ones, as varied, and not learnt by heart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import DataError

NEIGHBOURS = 5
POOR = 0.5  # coverage or precision below which something is wrong
ALIKE = 0.05  # share of duplicates, or of copies of what is known, from which something is wrong
RARE = 0.2  # of its share among real examples: a class is hardly made
ENOUGH = 20  # real examples of a class that tell how often it should be made
NEAR = 0.01  # of the real examples are as near to a known one as what counts as its copy


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
    # share of made examples as near to a training example as 1 % of real ones are, beyond that 1 %; and the median
    # distance to the nearest training example, in units of that of real examples; None where these are not known
    copies: float | None
    distance_to_known: float | None
    least_class: float | None = None  # the share of the class that is missed most, in units of that of real examples

    @classmethod
    def measure(
        cls,
        *,
        real: NDArray[np.float64],
        made: NDArray[np.float64],
        known: NDArray[np.float64] | None,
        labels: NDArray[Any] | None = None,
        neighbours: int = NEIGHBOURS,
    ) -> SampleQuality:
        """From ``[n, d]`` held-out ``real``, ``made`` and ``known`` (trained on) examples or features of them.

        ``known`` should be all that was trained on: a copy of what is left out is not seen. With None nothing is said
        of copies. With the ``labels`` of
        the real examples made ones are named by their neighbours. Raises ``DataError`` where there are too few.

        >>> rng = np.random.default_rng(0)
        >>> real, made, known = (rng.normal(size=(200, 2)) for _ in range(3))
        >>> SampleQuality.measure(real=real, made=made, known=known).coverage > 0.9
        True
        """
        from scipy.spatial.distance import cdist  # exact: copies are at 0
        from sklearn.neighbors import NearestNeighbors

        fewest = min(len(each) for each in (real, made, known) if each is not None)
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
        copies = further = None
        if known is not None:
            real_to_known, made_to_known = distances(real, known, 1), distances(made, known, 1)
            near = np.quantile(real_to_known, NEAR)  # 0 where real examples are known ones, too
            copies = max(0.0, float((made_to_known <= near).mean() - (real_to_known <= near).mean()))
            further = float(np.median(made_to_known) / max(np.median(real_to_known), 1e-12))
        return cls(
            precision=float(within.any(1).mean()),
            recall=float((apart <= reach_made[:, None]).any(0).mean()),
            density=float(within.sum() / (neighbours * len(made))),
            coverage=float(within.any(0).mean()),
            duplicates=max(0.0, 1 - _different(among_made, copy) / _different(among_real, copy)),
            copies=copies,
            distance_to_known=further,
            least_class=None if labels is None else _least_class(real, labels, made, neighbours),
        )

    @property
    def remedy(self) -> str | None:
        """What to do where samples are ill; None where they are well."""
        if self.duplicates > ALIKE:
            return (
                f"{self.duplicates:.0%} of the samples are nearly copies of another: they vary less than the data. "
                "Take more numbers in the code, or a lower beta; a generator against a critic: train longer, then at a "
                "lower learning rate (WGANGP collapses least)."
            )
        if self.copies is not None and self.copies > ALIKE:
            return (
                f"{self.copies:.0%} of the samples are nearly copies of training examples: the model knows them by "
                "heart. Take more data, fewer epochs or a smaller network."
            )
        if self.precision < POOR:
            return f"Only {self.precision:.0%} of the samples look like data: train longer, or take a wider network."
        if self.coverage < POOR:
            return (
                f"Only {self.coverage:.0%} of the data have a sample near them: train longer, or take a wider network."
            )
        if self.least_class is not None and self.least_class < RARE:
            return (
                f"One class is made {self.least_class:.0%} as often as it occurs: train longer, or tell the model the "
                "classes (CVAE, fit_prior with y)."
            )
        return None


def _nearer_than_most(among: NDArray[np.float64]) -> float:
    """The distance below which 1 % of the examples that differ have their next one, from ``[n, n]`` distances."""
    following = np.where(among > 0, among, np.inf).min(1)
    return float(np.quantile(following[np.isfinite(following)], 0.01)) if np.isfinite(following).any() else 0.0


def _least_class(real: NDArray[Any], labels: NDArray[Any], made: NDArray[Any], neighbours: int) -> float | None:
    """The smallest share of a class among what is made over that among what is real, both named by neighbours.

    A class that is rare, or that neighbours do not know, tells nothing; None where there is no other.
    """
    from sklearn.neighbors import KNeighborsClassifier

    labels = np.asarray(labels)
    classifier = KNeighborsClassifier(neighbours).fit(real, labels)
    others = classifier.kneighbors(n_neighbors=neighbours, return_distance=False)  # of each real example but itself
    kinds = np.unique(labels)
    votes = (labels[others][..., None] == kinds).sum(1)
    named_real, named_made = kinds[votes.argmax(1)], classifier.predict(made)
    found = []
    for kind in kinds:
        own = labels == kind
        if own.sum() >= ENOUGH and (named_real[own] == kind).mean() > 0.5:
            found.append(float((named_made == kind).mean() / (named_real == kind).mean()))
    return min(found, default=None)


def _different(among: NDArray[np.float64], copy: float) -> float:
    """How many examples there are if copies count as one."""
    return float((1 / (among <= copy).sum(1)).sum())
