"""How well scores of a series' points find its anomalies, where nobody knows to the point when they begin and end."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isthmus.metrics.detection import checked_scores
from isthmus.metrics.spans import Span, spans_of

THRESHOLDS = 250


def vus_pr(truth: ArrayLike, scores: ArrayLike, buffer: int, thresholds: int = THRESHOLDS) -> float:
    """Volume under the surface of precision and recall, in [0, 1]: the mean area over all buffers from 0 to ``buffer``.

    A point at a distance d of at most half a buffer w from an anomaly counts as sqrt(1 - d / w) of one, and recall is
    that of points times the share of anomalies that are touched at all. ``truth`` and ``scores``, higher is stranger:
    ``[time]``. TSB-AD takes twice the period for ``buffer``, and 250 ``thresholds``, at equal distances in rank.
    Raises ``DataError`` where there are no anomalies, or nothing else.

    Source: Paparrizos et al. 2022, Volume under the surface, sections 3 and 4; buffers are applied to what is predicted
    only, as in Liu & Paparrizos 2024, The elephant in the room (TSB-AD).

    >>> truth = np.zeros(100)
    >>> truth[40:50] = 1
    >>> vus_pr(truth, truth, buffer=0)
    1.0
    >>> bool(vus_pr(truth, np.roll(truth, 5), buffer=20) > vus_pr(truth, np.roll(truth, 5), buffer=0))
    True
    """
    strange, found = checked_scores(truth, scores)
    count, spans = len(found), spans_of(strange)
    order = np.argsort(-found, kind="stable")
    ranked = found[order]
    levels = ranked[np.linspace(0, count - 1, thresholds).astype(int)]
    marked = np.searchsorted(-ranked, -levels, side="right")  # [thresholds]: points at a level or above it
    areas = []
    for width in range(buffer + 1):
        soft = soft_truth(strange, spans, width)
        gain, lent = np.cumsum(soft[order]), np.cumsum(np.where(strange, 0, soft)[order])
        hits = gain[marked - 1]
        recall = np.minimum(hits / (strange.sum() + lent[marked - 1] / 2), 1)
        peaks = np.array([found[s.begin : s.end].max() for s in merged(spans, width // 2, count)])
        touched = (peaks[:, None] >= levels).mean(0)
        areas.append(np.diff(recall * touched, prepend=0) @ (hits / marked))
    return float(np.mean(areas))


def soft_truth(strange: NDArray[np.bool_], spans: list[Span], width: int) -> NDArray[np.float64]:
    """``[time]``: 1 in an anomaly, less the farther away from it, 0 from half of ``width`` points on.

    >>> soft_truth(np.array([0, 0, 1, 0, 0], dtype=bool), [Span(begin=2, end=3)], 2).round(2).tolist()
    [0.0, 0.71, 1.0, 0.71, 0.0]
    """
    soft = strange.astype(np.float64)
    half = width // 2
    if half == 0:
        return soft
    slope = np.sqrt(1 - np.arange(1, half + 1) / width)  # by distance
    for span in spans:
        wide = span.widened(half, len(soft))
        soft[wide.begin : span.begin] += slope[: span.begin - wide.begin][::-1]
        soft[span.end : wide.end] += slope[: wide.end - span.end]
    return np.minimum(soft, 1)


def merged(spans: list[Span], by: int, count: int) -> list[Span]:
    """Widened anomalies, one where two of them meet."""
    wide = [span.widened(by, count) for span in spans]
    joined = wide[:1]
    for before, span in itertools.pairwise(wide):
        if span.begin < before.end:
            joined[-1] = Span(begin=joined[-1].begin, end=span.end)
        else:
            joined.append(span)
    return joined
