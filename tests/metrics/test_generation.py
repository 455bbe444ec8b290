"""Whether made rows are what was asked for: on makers whose answers are known."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import isthmus as im
from isthmus.data.reading import read
from isthmus.errors import DataError, ParameterError
from isthmus.metrics.generation import generation_report, is_told_classes
from isthmus.report.context import Context
from isthmus.report.panels import generation as panel

CENTRES = {"a": (0.0, 0.0), "b": (9.0, 0.0), "c": (0.0, 9.0)}


def rows(count, seed, shift=0.0):
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(size=(count, 2)) + centre + shift for centre in CENTRES.values()]), np.repeat(
        list(CENTRES), count
    )


class Maker(im.CVAE):
    """A fitted model whose draws are given by a function of the class."""

    def sample(self, n=1, condition=None, random_state=None):
        return self.draw(n, condition)


@pytest.fixture(scope="module")
def maker():
    return Maker(2, trainer=im.Trainer(epochs=1, validation=0, compile=False)).fit(*rows(40, 0))


def drawn(maker, function, **given):
    maker.draw = function
    x, y = rows(100, 1)
    learnt, named = rows(100, 2)
    return generation_report(maker, x, y, known=replace(read(learnt), labels=named), **given)


def like(label, n, seed=5):
    return np.random.default_rng(seed).normal(size=(n, 2)) + CENTRES[label]


def test_draws_of_the_truth_are_as_asked_and_cover_the_classes(maker):
    report = drawn(maker, lambda n, label: like(label, n))
    accuracy, precision, coverage, copies = report.mean("Maker")
    assert report.judge_accuracy > 0.99
    assert accuracy > 0.99
    assert min(precision, coverage) > 0.9
    assert copies < 0.1
    assert [each.label for each in report.makers["Maker"]] == ["a", "b", "c"]
    assert report.mean("real rows")[3] < 0.1  # the judge has not learnt from them, and none copies itself
    assert report.mean("Gaussian")[2] > 0.9  # the truth is Gaussian


def test_rows_that_were_learnt_are_copies(maker):
    learnt, named = rows(100, 2)
    report = drawn(maker, lambda n, label: learnt[named == label][:n])
    assert report.mean("Maker")[3] > 0.9
    assert report.mean("real rows")[3] < 0.1


def test_the_wrong_class_is_not_as_asked_and_one_row_for_all_covers_little(maker):
    wrong = drawn(maker, lambda n, label: like("b", n))
    assert [each.accuracy > 0.9 for each in wrong.makers["Maker"]] == [False, True, False]
    assert wrong.makers["Maker"][0].precision < 0.1
    same = drawn(maker, lambda n, label: np.tile(np.array(CENTRES[label]), (n, 1)))
    accuracy, _, coverage, _ = same.mean("Maker")
    assert accuracy == 1.0
    assert coverage < 0.5


def test_what_is_told(maker):
    report = drawn(maker, lambda n, label: like(label, n))
    text = report.as_text()
    assert "mean, Maker" in text
    assert "33 rows of each class" in text
    assert "Seed 0" in text
    assert report.to_json()["makers"]["Maker"][2]["label"] == "c"


def test_half_of_the_rows_are_learnt_from_where_no_others_are_given(maker):
    maker.draw = lambda n, label: like(label, n)
    found = generation_report(maker, *rows(90, 1))
    assert 36 < sum(each.rows for each in found.makers["Maker"]) <= 45
    assert {each.copies for made in found.makers.values() for each in made} == {None}  # nothing says what was learnt
    assert found.as_text().count(" -\n") >= 6


def test_what_is_refused(maker):
    x, y = rows(30, 1)
    plain = im.VAE(2, trainer=im.Trainer(epochs=1, validation=0, compile=False)).fit(x)
    assert is_told_classes(maker)
    assert not is_told_classes(plain)
    with pytest.raises(ParameterError, match="VAE is not told classes"):
        generation_report(plain, x, y)
    with pytest.raises(DataError, match="no labels"):
        generation_report(maker, x)
    with pytest.raises(DataError, match="90 rows, but y has 3"):
        generation_report(maker, x, y[:3])
    with pytest.raises(DataError, match="'a': "):
        generation_report(maker, x[25:], y[25:])
    fitted = im.CVAE(2, trainer=im.Trainer(epochs=1, validation=0, compile=False)).fit(x[:60], y[:60])
    with pytest.raises(ParameterError, match="y has the class 'c'"):
        generation_report(fitted, *rows(90, 1))


def test_a_panel_for_models_that_are_told_classes(maker):
    maker.draw = lambda n, label: like(label, n)
    train, test = (replace(read(x), labels=y) for x, y in (rows(60, 1), rows(30, 2)))
    context = Context(estimator=maker, train=train, test=test)
    assert panel.applies(context)
    assert "mean, Maker" in panel.html(context)
    assert not panel.applies(Context(estimator=maker, train=train, test=replace(test, labels=None)))
    few = Context(estimator=maker, train=train, test=test.take(range(40)))
    assert "Too few rows" in panel.html(few)
    assert not panel.applies(SimpleNamespace(estimator=im.VAE(2), train=train, test=test))
