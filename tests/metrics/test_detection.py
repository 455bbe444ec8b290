"""Ranking, alarms and the volume under the surface: against brute force and where the answer is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from isthmus.errors import DataError
from isthmus.metrics.detection import Detection, alarms
from isthmus.metrics.spans import spans_of
from isthmus.metrics.volume_under_surface import merged, soft_truth, vus_pr


def by_the_book(truth, scores, buffer, thresholds):
    """Point by point and level by level."""
    count, areas = len(truth), []
    ranked = sorted(scores, reverse=True)
    levels = [ranked[int(place)] for place in np.linspace(0, count - 1, thresholds)]
    events = [list(range(span.begin, span.end)) for span in spans_of(truth)]
    for width in range(buffer + 1):
        half, soft = width // 2, []
        for t in range(count):
            near = [min(abs(t - s) for s in event) for event in events]
            given = [1.0 if d == 0 else np.sqrt(1 - d / width) if d <= half else 0.0 for d in near]
            soft.append(min(sum(given), 1.0))
        groups, reach = [], [(event[0] - half, event[-1] + half) for event in events]
        for begin, end in reach:
            if groups and groups[-1][1] >= begin:
                groups[-1][1] = end
            else:
                groups.append([begin, end])
        before, area = 0.0, 0.0
        for level in levels:
            on = [t for t in range(count) if scores[t] >= level]
            hits = sum(soft[t] for t in on)
            lent = sum(soft[t] for t in on if not truth[t])
            seen = sum(any(begin <= t <= end for t in on) for begin, end in groups) / len(groups)
            recall = min(hits / (sum(truth) + lent / 2), 1) * seen
            area += (recall - before) * hits / len(on)
            before = recall
        areas.append(area)
    return np.mean(areas)


@st.composite
def labelled(draw):
    count = draw(st.integers(6, 40))
    truth = draw(st.lists(st.booleans(), min_size=count, max_size=count).filter(lambda t: any(t) and not all(t)))
    scores = draw(st.lists(st.integers(0, 9), min_size=count, max_size=count))
    return np.array(truth), np.array(scores, dtype=float)


@settings(max_examples=60, deadline=None)
@given(labelled(), st.integers(0, 12), st.integers(2, 20))
def test_the_volume_is_that_of_the_definition(series, buffer, thresholds):
    truth, scores = series
    assert vus_pr(truth, scores, buffer, thresholds) == pytest.approx(by_the_book(truth, scores, buffer, thresholds))


@given(labelled())
def test_without_a_buffer_and_with_one_anomaly_it_is_average_precision(series):
    truth, scores = series
    first = spans_of(truth)[0]
    alone = np.zeros(len(truth), dtype=bool)
    alone[first.begin : first.end] = True
    if alone.all():
        return
    assert vus_pr(alone, scores, 0, thresholds=len(scores)) == pytest.approx(average_precision_score(alone, scores))


def test_where_the_answer_is_known():
    truth = np.zeros(200, dtype=bool)
    truth[80:120] = True
    assert vus_pr(truth, truth.astype(float), buffer=0) == 1
    assert vus_pr(truth, np.ones(200), buffer=0) == pytest.approx(0.2)  # nothing but the share of what is strange
    late, far = np.roll(truth, 10).astype(float), np.roll(truth, 80).astype(float)
    assert vus_pr(truth, late, buffer=40) > vus_pr(truth, late, buffer=0) > vus_pr(truth, far, buffer=0)
    assert vus_pr(truth, 3 * late - 7, buffer=40) == vus_pr(truth, late, buffer=40)


def test_anomalies_that_meet_are_one():
    truth = np.zeros(30, dtype=bool)
    truth[[5, 6, 12]] = True
    spans = spans_of(truth)
    assert [(s.begin, s.end) for s in merged(spans, 2, 30)] == [(3, 9), (10, 15)]
    assert [(s.begin, s.end) for s in merged(spans, 3, 30)] == [(2, 16)]
    assert soft_truth(truth, spans, 12).max() == 1


@pytest.mark.parametrize(
    ("truth", "scores", "message"),
    [
        ([0, 0], [1, 2], "nothing to find"),
        ([1, 1], [1, 2], "nothing to tell it from"),
        ([0, 1], [1, np.nan], "1 scores are NaN"),
        ([0, 1, 0], [1, 2], r"\(3,\).*\(2,\)"),
        ([], [], "one for each"),
    ],
)
def test_what_cannot_be_judged(truth, scores, message):
    for judge in (lambda: vus_pr(truth, scores, 2), lambda: Detection.measure(truth, scores)):
        with pytest.raises(DataError, match=message):
            judge()


def test_alarms_without_anomalies_or_marks():
    quiet = alarms([0] * 48, [0] * 48, step=1800)
    assert quiet.per_day == 0
    assert np.isnan(quiet.found)
    assert np.isnan(quiet.delay)
    missed = alarms([0, 1, 0, 0], [0, 0, 0, 1], step=21600)
    assert (missed.per_day, missed.false_per_day, missed.found) == (1, 1, 0)
    with pytest.raises(DataError, match="step is 0"):
        alarms([0, 1], [0, 1], step=0)
