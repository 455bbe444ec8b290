"""Scores of maps: closed forms, what is refused, and what is said."""

import numpy as np
import pytest

import isthmus as im
from isthmus.errors import ParameterError
from isthmus.metrics.embedding import clusters, continuity, cross_validated_knn, shepard
from isthmus.metrics.neighbours import trustworthiness


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).normal(size=(60, 5))


def test_a_map_that_is_the_data_is_true_in_every_way(x):
    (scores,) = im.embedding_report(x, {"same": 3 * x + 1}).scores
    assert scores.trustworthiness == scores.continuity == 1.0
    assert scores.shepard == pytest.approx(1.0, abs=1e-6)
    assert scores.knn is None
    assert scores.nmi is None


def test_a_fold_is_continuous_but_not_to_be_trusted_and_a_tear_the_other_way_about():
    line = np.linspace(-1, 1, 41)[:, None]
    folded = np.abs(line) + 1e-3 * line
    assert continuity(line, folded, 4) > trustworthiness(line, folded, 4)
    torn = line + 50 * (line > 0)
    both = np.stack([np.cos(np.pi * line[:, 0]), np.sin(np.pi * line[:, 0])], axis=1)  # a circle, cut open at its end
    assert trustworthiness(both, line, 4) > continuity(both, line, 4)
    assert trustworthiness(line, torn, 4) > 0.9


def test_shepard_is_minus_what_turns_order_about():
    assert shepard([[0.0], [1.0], [3.0]], [[0.0], [3.0], [1.0]]) == -1.0
    assert shepard([[1.0], [1.0]], [[0.0], [1.0]]) == 0.0


def test_labels_that_the_map_parts_are_found_and_random_ones_are_not(x):
    y = np.repeat([0, 1, 2], 20)
    apart = 100 * y[:, None] + x
    assert cross_validated_knn(apart, y) == 1.0
    assert clusters(apart, y) == {"nmi": 1.0, "ari": 1.0}
    drawn = np.random.default_rng(1).permutation(y)
    assert cross_validated_knn(apart, drawn) < 0.7
    assert clusters(apart, drawn)["ari"] < 0.2


def test_of_many_rows_some_are_drawn_and_that_is_said(x):
    report = im.embedding_report(x, {"a": x[:, :2], "b": x[:, 2:3]}, np.arange(60) % 2, most_rows=30)
    assert len(report.rows) == 30
    assert "30 rows drawn from 60" in report.as_text()
    assert np.array_equal(report.maps["a"], x[report.rows, :2])
    assert np.array_equal(report.labels, report.rows % 2)
    known = report.to_json()
    assert (known["rows"], known["of"]) == (30, 60)
    assert [each["name"] for each in known["embeddings"]] == ["a", "b"]
    assert [each["dims"] for each in known["embeddings"]] == [2, 1]


def test_all_mistakes_are_told_at_once(x):
    with pytest.raises(ParameterError) as refused:
        im.embedding_report(x, {"short": x[:5]}, [1, 2], neighbours=40)
    for told in ("neighbours is 40", "y has shape (2,)", "'short' has 5 rows; X has 60"):
        assert told in str(refused.value)
    with pytest.raises(ParameterError, match="embeddings is empty"):
        im.embedding_report(x, {})
    with pytest.raises(ParameterError, match="the map 'broken'"):
        im.embedding_report(x, {"broken": np.full((60, 2), np.nan)})
