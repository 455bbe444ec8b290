"""The last fits: what fails there loses nothing of the search, and a verdict is sure of what it says."""

import json
import math

import numpy as np
import pytest

import isthmus as im
from isthmus.errors import ParameterError
from isthmus.search_ranges import Integers
from isthmus.tuning.comparison import Comparison, RowsError, spread

DIGITS = im.data.load("digits").take(range(150))
X, Y = DIGITS.values, DIGITS.labels
MODEL = im.AE(4, trainer=im.Trainer(epochs=1, validation=0.1))
SIZES = {
    "latent_dim": Integers(2, 8),
    **{f"trainer.{word}": None for word in im.Trainer.search},
    "network.hidden": None,
}
NAN = math.nan


class Later:
    """A score of trials that rises; after so many calls it is something else."""

    def __init__(self, after, what):
        self.calls, self.after, self.what = 0, after, what

    def __call__(self, model, X, y):
        self.calls += 1
        return float(self.calls) if self.calls <= self.after else self.what(self.calls - self.after)


def broken(_):
    raise TypeError("the labels are\nof another sort")


def test_a_score_that_fails_in_the_last_fits_loses_no_trial(tmp_path):
    found = im.tune(MODEL, X, trials=3, search=SIZES, score=Later(3, broken), finalists=0)
    assert [trial.score for trial in found.trials] == [1, 2, 3]
    assert found.model.transform(X).shape == (150, found.best_params["latent_dim"])
    assert len(found.comparison.failures) == 6
    text = found.as_text()
    assert "cannot be told: 6 of the last fits failed" in text
    assert "failed: tuned, seed 2: TypeError: the labels are\n" in text + "\n"
    page = found.report(tmp_path / "page.html").read_text()
    assert "as given, seed 0: TypeError: the labels are" in page
    plain = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert plain["test"]["tuned"] == [None] * 3
    assert plain["test"]["gain"] is None
    assert len(plain["test"]["failures"]) == 6


def test_scores_that_are_no_numbers_are_failures_and_the_others_count():
    found = im.tune(
        MODEL, X, trials=2, search=SIZES, score=Later(2, lambda n: NAN if n in (1, 5) else 10.0 * n), finalists=0
    )
    assert found.comparison.failures == ("as given, seed 0: the score is nan", "tuned, seed 1: the score is nan")
    assert found.comparison.differences == (30.0,)
    assert "cannot be told: 2 of the last fits failed" in found.as_text()
    assert spread(found.comparison.tuned) == "50 +- 14"


def test_a_fit_that_fails_leaves_the_best_values(monkeypatch):
    """The rows of the last fits are more than a trial's: what was well with these may fail with those."""
    monkeypatch.setattr("isthmus.tuning.last_fit.fitted", lambda model, rows: broken(rows))
    found = im.tune(MODEL, X, trials=2, search=SIZES, score=Later(2, broken), finalists=0)
    assert found.model.latent_dim == found.best_params["latent_dim"]
    assert not hasattr(found.model, "autoencoder_")
    assert "unknown" in found.as_text()


@pytest.mark.parametrize("score", ["knn", "probe", "ari", "nmi"])
def test_test_rows_without_the_labels_that_are_wanted_are_refused_first(score, monkeypatch):
    monkeypatch.setattr(im.AE, "fit", lambda *_, **__: pytest.fail("fitted"))
    with pytest.raises(ParameterError, match=r"the test rows have none: test=\(X, y\)"):
        im.tune(MODEL, X[:100], Y[:100], score=score, test=X[100:], trials=2)


def test_a_model_that_is_told_classes_wants_them_of_test_rows():
    with pytest.raises(ParameterError, match=r"CVAE is told the classes of rows, and the test rows have none"):
        im.tune(im.CVAE(4), X[:100], Y[:100], test=X[100:], trials=2)


@pytest.mark.parametrize(
    ("given", "tuned", "said"),
    [
        ((NAN, 1.0, 1.1), (2.0, 2.0, 2.1), "was worth it: better by 1 +- "),
        ((NAN, 1.0, 1.1), (2.0, NAN, 2.1), "cannot be told"),
        ((NAN, NAN, NAN), (NAN, NAN, NAN), "cannot be told"),
        ((NAN, 1.0, 1.1), (NAN, 1.0, 1.1), "Nothing was better"),
    ],
)
def test_verdicts_of_what_is_known(given, tuned, said):
    assert said in Comparison(seeds=(0, 1, 2), given=given, tuned=tuned, highest=True).verdict()


def verdicts(seeds, rows):
    """How often two models that are alike are said to differ, by spreads of the gain over seeds and over test rows."""
    draws, wrong = np.random.default_rng(0), 0
    for _ in range(2000):
        common = rows * draws.normal(size=30)  # [rows], what these rows are better by
        gains = seeds * draws.normal(size=3) + common.mean()
        error = RowsError(error=float(common.std(ddof=1)) / 30**0.5, rows=30) if rows else None
        pair = Comparison(seeds=(0, 1, 2), given=(0.0,) * 3, tuned=tuple(gains), highest=True, over_rows=error)
        wrong += "was" in pair.verdict()
    return wrong / 2000


@pytest.mark.parametrize(("seeds", "rows"), [(1.0, 0.0), (1.0, 2.0), (0.2, 2.0)])
def test_a_difference_that_is_none_is_seldom_called_one(seeds, rows):
    """At 95 %: with twice the standard error of three seeds it was 18 %, and without that of the rows far more."""
    found = verdicts(seeds, rows)
    assert 0.005 < found < 0.065, found


def test_rows_have_a_say_where_they_have_scores_of_their_own():
    """By hand: the mean over seeds of what each row gains."""
    from isthmus.tuning.comparison import compare
    from isthmus.tuning.scores import fitted, score_of

    rows, test = DIGITS.take(range(100)), DIGITS.take(range(100, 150))
    pair = compare(MODEL, {"latent_dim": 8}, rows, test, score_of("mse", rate=False)).comparison
    scores = score_of("mse", rate=False)
    gains = np.zeros(50)
    for seed in range(3):
        for size, sign in ((8, 1), (4, -1)):
            model = fitted(im.AE(size, trainer=MODEL.trainer, random_state=seed), rows)
            gains += sign * scores.by_row(model, rows, test) / 3
    assert pair.over_rows == RowsError(error=pytest.approx(gains.std(ddof=1) / 50**0.5), rows=50)
    assert "by 3 seeds and 50 rows" in pair.verdict()
    assert pair.error == pytest.approx(math.hypot(pair.seeds_error, pair.over_rows.error))
    own = compare(MODEL, {"latent_dim": 8}, rows, test, score_of(Later(9, broken), rate=False)).comparison
    assert own.over_rows is None
    assert "other test rows would add to it" in own.verdict()
