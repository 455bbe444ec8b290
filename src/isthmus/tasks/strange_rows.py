"""The strangest of some rows, told for people."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isthmus.data.reading import read_and_tell
from isthmus.metrics.strange_rows import Reason, StrangeRow, StrangeRows, shown
from isthmus.tasks.anomaly_detector import AnomalyDetector
from isthmus.tasks.explanation import Explanation

REASONS = 5  # of a row
FEWEST_COMPARED = 20  # rows on which others are asked as well


def strange_rows(detector: AnomalyDetector, X: Any, top: int = 20, y: ArrayLike | None = None) -> StrangeRows:
    """The ``top`` strangest rows of X with reasons, and other tools on the same rows; y: which do not belong, if known.

    >>> import isthmus as im
    >>> X = im.data.load("wine").values
    >>> found = strange_rows(im.AnomalyDetector().fit(X), X, top=3)
    >>> len(found.rows), found.alarms
    (3, 18)
    """
    examples = read_and_tell(X, mapped=True)
    scores = detector.anomaly_score(examples)
    p = detector.p_value_of(scores)
    order = np.argsort(-scores, kind="stable")[:top]
    explained = detector.explain(examples.take(order)) if detector.explains else None
    enough = len(examples) >= FEWEST_COMPARED or y is not None
    comparison = detector.against_baselines(examples, y) if detector.explains and enough else None
    names = examples.names or tuple(map(str, range(len(examples))))
    rows = tuple(
        StrangeRow(name=names[row], score=float(scores[row]), p_value=float(p[row]), reasons=_reasons(explained, place))
        for place, row in enumerate(order)
    )
    return StrangeRows(
        known=detector.calibration_scores_,
        scores=scores,
        threshold=-detector.offset_,
        rule=detector.rule,
        rows=rows,
        columns=() if explained is None else explained.names,
        adds=np.zeros((len(order), 0)) if explained is None else explained.adds,
        comparison=comparison,
    )


def _reasons(explained: Explanation | None, place: int) -> tuple[Reason, ...]:
    """The values that add most, of those that are not what was expected."""
    if explained is None:
        return ()
    every = explained.top(place, len(explained.names))
    return tuple(each for each in every if shown(each.value) != shown(each.expected))[:REASONS]
