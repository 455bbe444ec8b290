"""What trials are compared by is one number in the same units, on rows of one kind, that nothing has seen."""

import json

import numpy as np
import pytest

import isthmus as im
from isthmus.cli import main
from isthmus.errors import DataError, ParameterError
from isthmus.search_ranges import Choices, Integers
from isthmus.tuning.likelihood_kinds import comparable
from isthmus.tuning.parts import SharedRowsWarning
from isthmus.tuning.scores import score_of

QUICK = im.Trainer(epochs=1, validation=0.1)
SIZES = {
    "latent_dim": Integers(2, 4),
    **{f"trainer.{word}": None for word in im.Trainer.search},
    "network.hidden": None,
}
DIGITS = im.data.load("digits").take(range(150))
TABLE = np.random.default_rng(0).normal(size=(200, 5))


def mse(model, units):
    """Of held-out rows in other units."""
    rows = [im.data.read(part * units) for part in (TABLE[:150], TABLE[150:])]
    score = score_of("mse", rate=False)
    return score.measure(model.fit(rows[0]), *rows)


def test_no_column_counts_by_its_unit():
    """Of five columns that tell nothing of each other a code of one number keeps one; a unit does not say which."""
    units = np.array([1e4, 1, 1, 1, 1])
    plain, other = (mse(im.AE(1, trainer=im.Trainer(epochs=1, validation=0)), each) for each in (np.ones(5), units))
    assert 0.5 < plain < 1.5
    assert other == pytest.approx(plain, rel=0.2)


def test_one_gap_that_no_training_row_has_by_chance():
    """The table is of one kind for all of its parts, whichever of them has the gap."""
    gaps = TABLE.copy()
    gaps[5, 2] = np.nan
    found = im.tune(im.AE(2, trainer=QUICK), gaps, trials=2, search=SIZES)
    assert np.isfinite(found.comparison.given + found.comparison.tuned).all()
    assert found.count("complete") == 2
    assert not found.comparison.failures
    with pytest.raises(DataError, match="test has gaps"):
        im.tune(im.AE(2, trainer=QUICK), TABLE, trials=2, search=SIZES, test=gaps[:20])
    apart = im.tune(im.AE(2, trainer=QUICK), gaps, trials=1, search=SIZES, test=TABLE[:20] + 1)
    assert not apart.comparison.failures


def test_test_rows_that_are_learnt_from_are_told(tmp_path):
    with pytest.warns(SharedRowsWarning, match="10 of the 60 test rows are among those of X"):
        found = im.tune(im.AE(2, trainer=QUICK), TABLE[:150], trials=1, search=SIZES, test=TABLE[140:])
    assert "10 of the 60 test rows were learnt from" in found.as_text()
    assert found.to_json()["test"]["shared_with_training"] == 10
    page = found.report(tmp_path / "page.html").read_text()
    assert "10 of the 60 test rows were learnt from" in page
    assert "that no trial has seen" not in page


@pytest.mark.filterwarnings("always::isthmus.tuning.parts.SharedRowsWarning")
def test_the_command_tells_them_too(tmp_path, capsys):
    for name, rows in (("u.csv", TABLE), ("utest.csv", TABLE[:60])):
        np.savetxt(tmp_path / name, rows, delimiter=",", header="a,b,c,d,e", comments="")
    arguments = ["tune", "ae", str(tmp_path / "u.csv"), "--test", str(tmp_path / "utest.csv"), "--trials", "1"]
    assert main([*arguments, "--epochs", "1", "--quiet", "--json"]) == 0
    told = capsys.readouterr()
    assert "60 of the 60 test rows are among those of X" in told.err
    assert json.loads(told.out)["test"]["shared_with_training"] == 60


def test_it_says_what_it_was_made_with(tmp_path):
    import optuna

    found = im.tune(im.AE(2, trainer=QUICK), TABLE, trials=1, search=SIZES, random_state=3)
    made = f"Isthmus {im.__version__}, Optuna {optuna.__version__}"
    plain = found.to_json()
    assert plain["random_state"] == 3
    assert plain["versions"] == [made]
    assert plain["version"] == im.__version__
    page = found.report(tmp_path / "page.html").read_text()
    assert made in page
    assert '<th scope="row">random_state</th><td>3</td>' in page


LEVELS, GREY, BINARY = DIGITS.values, DIGITS.values / 16, (DIGITS.values > 8).astype(float)


@pytest.mark.parametrize(
    ("rows", "likelihoods", "score", "said"),
    [
        (GREY, ("bernoulli", "gaussian"), None, "bernoulli gives a cross-entropy, gaussian gives a density"),
        (LEVELS, ("gaussian", "categorical"), "log_prob", "categorical gives a probability"),
        (GREY, ("bernoulli",), "log_likelihood", "auto gives a density"),  # the model as it is given
        (BINARY, ("bernoulli", "gaussian"), None, "bernoulli gives a probability"),
    ],
)
def test_likelihoods_that_do_not_compare_are_not_searched(rows, likelihoods, score, said):
    with pytest.raises(ParameterError, match=rf"search over likelihood by 'log_\w+' compares what does not.*{said}"):
        im.tune(im.VAE(4, trainer=QUICK), rows, trials=2, score=score, search={"likelihood": Choices(*likelihoods)})


def test_likelihoods_of_one_kind_are_searched():
    wanted = {"likelihood": Choices("gaussian", "laplace"), **SIZES}
    found = im.tune(im.VAE(4, trainer=QUICK), GREY, trials=3, search=wanted)
    assert found.score == "log_likelihood"
    assert found.count("complete") == 3
    binary = im.VAE(4, likelihood="bernoulli", trainer=QUICK)
    space = {"likelihood": Choices("bernoulli", "categorical")}  # of zeros and ones both are probabilities
    score = score_of("log_likelihood", rate=True)
    assert comparable(score, binary, space, im.data.read(BINARY)) is not None


def test_another_score_takes_any_likelihood_and_prunes_by_none():
    score = score_of("mse", rate=False)
    grey = im.data.read(GREY)
    model = im.AE(4, likelihood="gaussian")
    assert score.curve is not None
    assert comparable(score, model, {"likelihood": Choices("gaussian", "bernoulli")}, grey).curve is None
    assert comparable(score, model, {"likelihood": Choices("gaussian", "laplace")}, grey).curve is score.curve
    assert comparable(score, model, {"latent_dim": Integers(2, 3)}, grey) is score
