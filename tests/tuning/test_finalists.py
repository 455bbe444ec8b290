"""The choice after a search: the best trials fitted again, beside the model as it was given."""

import json
import math

import numpy as np
import pytest

import isthmus as im
from isthmus.errors import ParameterError
from isthmus.search_ranges import Choices
from isthmus.tuning.comparison import Comparison
from isthmus.tuning.finalists import FOLDS, Finalist, best_trials, chosen, fit_again
from isthmus.tuning.parts import parted
from isthmus.tuning.scores import fitted, score_of
from isthmus.tuning.trial_record import TrialRecord

DIGITS = im.data.load("digits").take(range(150))
X = DIGITS.values
MODEL = im.AE(4, trainer=im.Trainer(epochs=1, validation=0.1))
KEPT = {**{f"trainer.{word}": None for word in im.Trainer.search}, "network.hidden": None}
SIZES = KEPT | {"latent_dim": Choices(4, 2, 8)}
NAN = math.nan


def trial(number, score=0.0, *, as_given=False, latent_dim=2):
    point = {"latent_dim": latent_dim}
    return TrialRecord(number=number, state="complete", score=score, params=point, seconds=1.0, as_given=as_given)


def finalist(number, given, again, highest=True):
    folds = tuple(range(len(given)))
    return Finalist(trial=trial(number), beside=Comparison(seeds=folds, given=given, tuned=again, highest=highest))


@pytest.mark.parametrize("in_order", [False, True])
def test_folds_hold_out_each_training_row_once_and_no_row_that_trials_were_compared_by(in_order):
    rows = parted(DIGITS, None, share=0.2, seed=3, in_order=in_order)
    folds = [rows.fold(number, FOLDS) for number in range(FOLDS)]

    def keys(examples):
        return sorted(map(bytes, examples.values))

    assert sorted(key for fold in folds for key in keys(fold.held_out)) == keys(rows.train)
    for fold in folds:
        assert sorted(keys(fold.learnt_from) + keys(fold.held_out)) == keys(rows.rest)
        places = [next(i for i, row in enumerate(X) if np.array_equal(row, held)) for held in fold.held_out.values]
        assert places == sorted(places)
        assert not in_order or places[-1] - places[0] == len(places) - 1  # one stretch
        by_bytes = dict(zip(map(bytes, X), DIGITS.labels, strict=True))
        assert [by_bytes[bytes(row)] for row in fold.learnt_from.values] == list(fold.learnt_from.labels)


def test_the_best_are_those_of_the_highest_or_the_lowest_scores_but_the_model_as_given():
    trials = [trial(0, 5.0, as_given=True), trial(1, 1.0), trial(2, 3.0), trial(3, 2.0)]
    assert [each.number for each in best_trials(trials, 2, score_of("knn", rate=False))] == [2, 3]
    assert [each.number for each in best_trials(trials, 9, score_of("mse", rate=False))] == [1, 3, 2]
    assert best_trials(trials[:1], 3, score_of("mse", rate=False)) == []


@pytest.mark.parametrize(
    ("given", "again", "clear"),
    [
        ((0.0, 0.0, 0.0), (1.0, 1.1, 1.2), True),
        ((0.0, 0.0, 0.0), (-1.0, 0.5, 0.8), False),  # .1 +- .56
        ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), False),
        ((0.0, NAN, NAN), (1.0, 1.0, 1.0), True),
        ((NAN, 0.0, 0.0), (1.0, NAN, NAN), False),
    ],
)
def test_what_is_clear(given, again, clear):
    assert finalist(1, given, again).clear is clear
    assert finalist(1, again, given, highest=False).clear is clear


def test_the_one_that_gains_most_is_chosen_and_the_given_one_stays_where_none_clearly_gains():
    given = (0.0, 0.0, 0.0)
    small, large, wide = (finalist(n, given, a) for n, a in ((1, (1, 1, 1)), (2, (2, 2, 3)), (3, (9.0, -9.0, 9.0))))
    assert chosen([small, large, wide]).number == 2
    assert chosen([wide]) is None
    assert chosen([]) is None


def test_where_the_given_model_cannot_be_fitted_the_best_that_can_is_chosen():
    nothing = (NAN, NAN, NAN)
    assert chosen([finalist(1, nothing, nothing), finalist(2, nothing, (1.0, NAN, 1.0))]).number == 2
    assert chosen([finalist(1, nothing, nothing)]) is None


def test_scores_are_those_of_each_fold_by_hand():
    rows = parted(DIGITS, None, share=0.2, seed=0, in_order=False)
    score = score_of("mse", rate=False)
    (found,) = fit_again(MODEL, [trial(7, latent_dim=8)], rows, score)
    for number in range(FOLDS):
        fold = rows.fold(number, FOLDS)
        for size, told in ((4, found.beside.given), (8, found.beside.tuned)):
            model = fitted(im.AE(size, trainer=MODEL.trainer, random_state=3), fold.learnt_from)
            assert told[number] == pytest.approx(score.measure(model, fold.learnt_from, fold.held_out), rel=1e-5)
    gains = np.subtract(found.beside.given, found.beside.tuned)  # of errors
    assert found.beside.gain == pytest.approx(gains.mean())
    assert found.beside.error == pytest.approx(gains.std(ddof=1) / FOLDS**0.5)


class Lucky:
    """A score by which trials that are not as given do well, until they are fitted again."""

    def __init__(self, trials):
        self.calls, self.trials = 0, trials

    def __call__(self, model, X, y):
        self.calls += 1
        return -float(abs(model.latent_dim - 4)) * (1 if self.calls > self.trials else -1)


def test_luck_is_not_chosen(tmp_path):
    found = im.tune(MODEL, X, trials=4, search=SIZES, score=Lucky(4))
    assert not found.best.as_given
    assert found.chosen is None
    assert found.best_params == found.given_params == {"latent_dim": 4}
    assert found.model.latent_dim == 4
    assert found.comparison.given == found.comparison.tuned
    text = found.as_text()
    assert "fitted again: worse than the model as given by " in text
    assert "chosen: the model as it was given; none of the best trials, fitted again, is clearly better" in text
    page = found.report(tmp_path / "page.html").read_text()
    assert "The best trials, fitted again" in page
    plain = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert plain["chosen_trial"] is None
    assert all(each["gain"] < 0 and len(each["again"]) == FOLDS for each in plain["finalists"])
    asked = im.tune(MODEL, X, trials=4, search=SIZES, score=Lucky(4), finalists=0)
    assert asked.chosen == asked.best
    assert asked.finalists == ()
    assert asked.model.latent_dim == asked.best.params["latent_dim"] != 4


def test_what_fails_when_it_is_fitted_again_is_told(tmp_path):
    calls = iter(range(1000))

    def later_broken(model, X, y):
        if next(calls) >= 3:
            raise TypeError("of another sort")
        return float(model.latent_dim)

    found = im.tune(MODEL, X, trials=3, search=SIZES, score=later_broken)
    assert found.chosen is None
    assert "fitted again: as given, seed 3: TypeError: of another sort" in found.as_text()
    assert "failed" in found.report(tmp_path / "page.html").read_text()
    assert json.dumps(found.to_json(), allow_nan=False)


@pytest.mark.parametrize("finalists", [-1, 1.5, True])
def test_how_many_are_fitted_again(finalists):
    with pytest.raises(ParameterError, match=f"finalists is {finalists}; expected a whole number, 0 or more"):
        im.tune(MODEL, X, finalists=finalists)
