"""How made pictures look to a classifier of real ones: which classes, how surely, how much of the data is covered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.data.examples import Examples
from isthmus.metrics import judge
from isthmus.metrics.sample_quality import SampleQuality

COUNT = 2000  # examples of each kind that are compared


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Of made pictures; qualities are measured in the classifier's hidden features."""

    smallest_share: float  # of the class that is made least often
    confidence: float  # mean probability of the likeliest class
    quality: SampleQuality


class Judge:
    """Learnt from real pictures ``[n, height, width]`` uint8; ``accuracy`` on others."""

    def __init__(self, train: Examples, test: Examples) -> None:
        self.classifier = judge.Judge(_flat(train.values), train.labels)
        self.accuracy = self.classifier.accuracy(_flat(test.values), test.labels)
        self.known = self.features(train.values)
        self.real = self.features(test.at_most(COUNT).values)

    def features(self, pictures: NDArray[np.generic]) -> NDArray[np.float64]:
        """What the hidden layer makes of pictures."""
        return self.classifier.features(_flat(pictures))

    def named(self, pictures: NDArray[np.generic]) -> NDArray[np.generic]:
        """The class of each."""
        return self.classifier.named(_flat(pictures))

    def verdict(self, pictures: NDArray[np.generic]) -> Verdict:
        """Of at least ``COUNT`` made pictures."""
        p = self.classifier.probabilities(_flat(pictures))
        shares = np.bincount(p.argmax(1), minlength=p.shape[1]) / len(p)
        quality = SampleQuality.measure(real=self.real, made=self.features(pictures[:COUNT]), known=self.known)
        return Verdict(smallest_share=float(shares.min()), confidence=float(p.max(1).mean()), quality=quality)


def _flat(pictures: NDArray[np.generic]) -> NDArray[np.float64]:
    return np.clip(np.asarray(pictures, dtype=np.float64).reshape(len(pictures), -1) / 255, 0, 1)
