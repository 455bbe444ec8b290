"""A search: what it tries, by what, on which rows, and what it says of the result."""

import json
import sys

import numpy as np
import pytest

import isthmus as im
from isthmus.errors import DataError, MissingExtraError, ParameterError, TrainingError
from isthmus.search_ranges import Choices, Integers, Numbers
from isthmus.tuning.comparison import Comparison
from isthmus.tuning.parts import parted

DIGITS = im.data.load("digits").take(range(150))
X, Y = DIGITS.values, DIGITS.labels
QUICK = im.Trainer(epochs=1, validation=0.1)
TRAINERS = [f"trainer.{word}" for word in im.Trainer.search]


@pytest.fixture(scope="module")
def found():
    return im.tune(im.VAE(4, trainer=QUICK), X, trials=4)


def test_the_first_trial_is_the_model_as_it_was_given(found):
    first = found.trials[0]
    assert first.as_given
    assert first.params["latent_dim"] == 4
    assert first.params["trainer.batch_size"] == 64  # what "auto" comes to
    assert first.params["network.hidden"] == (128, 128)
    assert not any(trial.as_given for trial in found.trials[1:])


def test_ranges_are_those_beside_the_parameters(found):
    assert set(found.space) == {
        "latent_dim",
        "free_bits",
        "network.hidden",
        *(f"trainer.{word}" for word in im.Trainer.search),
    }
    for trial in found.trials:
        assert all(each.holds(trial.params[name]) for name, each in found.space.items())


def test_what_was_chosen_is_what_is_given_back(found):
    assert found.best == max(found.trials, key=lambda trial: trial.score)
    params = found.given_params if found.chosen is None else found.chosen.params
    assert found.best_params == params
    assert found.model.latent_dim == params["latent_dim"]
    assert found.model.history_.settings["learning_rate"] == pytest.approx(params["trainer.learning_rate"])
    hidden = found.model.autoencoder_.encoder.arguments["hidden"]
    assert tuple(hidden) == params["network.hidden"]
    assert len(found.finalists) == 2


def test_the_last_number_is_of_rows_that_nothing_has_seen(found):
    """The parts again, and the score of the model on the test rows: ELBO at beta = 1, in nats."""
    rows = parted(im.data.read(X), None, share=0.2, seed=0, in_order=False)
    together = np.concatenate([rows.train.values, rows.validation.values, rows.test.values])
    assert sorted(map(bytes, together)) == sorted(map(bytes, X))
    assert found.rows == {"train": 90, "validation": 30, "test": 30}
    assert found.comparison.seeds == (0, 1, 2)
    assert found.comparison.tuned[0] == pytest.approx(found.model.score(rows.test), abs=1e-3)
    given = im.VAE(4, trainer=QUICK, random_state=2).fit(rows.rest)
    assert found.comparison.given[2] == pytest.approx(given.score(rows.test), abs=1e-3)


def test_the_given_model_stays_as_it_is():
    model = im.VAE(4, trainer=im.Trainer(epochs=1, validation=0.1))
    im.tune(model, X, trials=1)
    assert not hasattr(model, "autoencoder_")
    assert model.latent_dim == 4
    assert model.trainer.get_params() == im.Trainer(epochs=1, validation=0.1).get_params()


def test_a_score_that_does_not_see_what_a_code_costs_leaves_its_size_alone():
    rebuilt = im.tune(im.AE(4, trainer=QUICK), X, trials=2)
    assert rebuilt.score == "mse"
    assert not rebuilt.highest
    assert "latent_dim" not in rebuilt.space
    assert {trial.params.get("latent_dim") for trial in rebuilt.trials} == {None}
    told = im.tune(im.AE(4, trainer=QUICK), X, Y, trials=1, score="knn")
    assert "latent_dim" in told.space
    asked = im.tune(im.AE(4, trainer=QUICK), X, trials=1, search={"latent_dim": Integers(2, 8)})
    assert "latent_dim" in asked.space


def test_a_purpose_that_no_likelihood_sees_is_not_tuned_away_by_it():
    factor = im.tune(im.FactorVAE(4, trainer=QUICK), X, trials=1)
    assert factor.score == "log_likelihood"
    assert "gamma" not in factor.space
    assert "latent_dim" in factor.space


def test_beta_is_judged_at_one():
    """Two betas, fits alike but for it: what is told is score_samples, whatever the loss weighs."""
    wanted = {"beta": Choices(4.0, 0.5), **{f"trainer.{word}": None for word in im.Trainer.search}}
    wanted |= {"latent_dim": None, "network.hidden": None}
    beta = im.tune(im.BetaVAE(4, trainer=QUICK), X, trials=4, search=wanted)
    rows = parted(im.data.read(X), None, share=0.2, seed=0, in_order=False)
    for trial in beta.trials:
        model = im.BetaVAE(4, beta=trial.params["beta"], trainer=QUICK).fit(rows.train)
        assert trial.score == pytest.approx(model.score(rows.validation), abs=1e-3)
    assert len({trial.params["beta"] for trial in beta.trials}) == 2


def test_the_users_ranges_count_as_they_are_and_none_leaves_a_parameter():
    wanted = {"latent_dim": Integers(6, 8), "free_bits": None, "trainer.mix": Numbers(0.0, 0.5)}
    search = im.tune(im.VAE(4, trainer=QUICK), X, trials=3, search=wanted)
    assert all(trial.params["latent_dim"] in (6, 7, 8) for trial in search.trials)
    assert not any(trial.as_given for trial in search.trials)  # 4 is not among them
    assert len(search.trials) == 3
    assert "free_bits" not in search.space
    assert "trainer.mix" in search.space


def test_a_function_of_ones_own():
    def small_codes(model, X, y):
        assert y is None
        return -float(np.abs(model.transform(X)).mean())

    own = im.tune(im.AE(4, trainer=QUICK), X, trials=2, score=small_codes)
    assert own.score == "small_codes"
    assert own.best.score < 0


def test_rows_and_labels_of_the_users_own_to_test_on():
    rows = DIGITS.take(range(100))
    apart = DIGITS.take(range(100, 150))
    found = im.tune(im.AE(4, trainer=QUICK), rows.values, rows.labels, test=(apart.values, apart.labels), score="knn")
    assert found.rows["test"] == 50
    assert len(found.trials) == 25
    assert set(found.importances) == set(found.space)
    assert sum(found.importances.values()) == pytest.approx(1)


def test_what_a_trial_refuses_is_a_failure_that_says_why():
    wanted = {"draws": Choices(4, 3), "groups": Choices(4, 2)}  # which divides 4 alone
    found = im.tune(im.IWAE(4, draws=4, groups=4, trainer=QUICK), X, trials=8, search=wanted)
    failed = [trial for trial in found.trials if trial.state == "failed"]
    assert failed
    assert all(trial.params["draws"] == 3 and "divides" in trial.why for trial in failed)
    assert "divides" in failed[0].as_text()
    assert found.best.params["draws"] == 4


def test_where_nothing_comes_to_an_end():
    with pytest.raises(TrainingError, match=r"None of 2 trials came to an end; the first failure: .*divides"):
        im.tune(im.IWAE(4, draws=4, trainer=QUICK), X, trials=2, search={"groups": Choices(3, 5)})


def test_hopeless_trials_are_pruned():
    """Of several rates some are far too small, which shows long before the last epoch."""
    model = im.VAE(4, trainer=im.Trainer(epochs=6, validation=0.1, batch_size=16))
    kept = dict.fromkeys([*TRAINERS, "latent_dim", "free_bits", "network.hidden"])
    wanted = kept | {"trainer.learning_rate": Choices(0.003, 0.004, 1e-6, 2e-6)}
    found = im.tune(model, X[:80], trials=12, search=wanted)
    pruned = [trial for trial in found.trials if trial.state == "pruned"]
    assert pruned
    assert all(trial.params["trainer.learning_rate"] < 1e-4 for trial in pruned)
    assert all(trial.score is None for trial in pruned)
    steps = [max(each.intermediate_values) for each in found.study.trials if each.state.name == "PRUNED"]
    assert max(steps) < 6


def test_without_pruning_all_are_run():
    found = im.tune(im.VAE(4, trainer=im.Trainer(epochs=6, validation=0.1)), X[:80], trials=7, pruning=False)
    assert found.count("complete") == 7


def test_the_time_is_kept():
    found = im.tune(im.VAE(4, trainer=QUICK), X, trials=1000, seconds=0.01)
    assert len(found.trials) == 1  # the model as given, always


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"search": {"latent_dims": Integers(2, 4)}}, "Did you mean 'latent_dim'"),
        ({"search": {"learning_rate": Numbers(1, 2)}}, "Did you mean 'trainer.learning_rate'"),
        ({"search": {"latent_dim": Integers(4, 2)}}, "goes from 4 down to 2"),
        ({"search": {"latent_dim": (2, 4)}}, "expected Numbers"),
        ({"search": {"network.widths": Integers(2, 4)}}, "no parameter 'network.widths'"),
        ({"trials": 0}, "trials is 0"),
        ({"trials": 2.5}, "trials is 2.5"),
        ({"processes": 0}, "processes is 0"),
        ({"seconds": -1}, "seconds is -1"),
        ({"held_out": 0.6}, "held_out is 0.6"),
        ({"score": "elbow"}, "score is 'elbow'"),
        ({"score": "knn"}, "give y"),
        ({"score": "accuracy"}, "give y"),
    ],
)
def test_mistakes_are_told_before_anything_is_searched(given, said):
    with pytest.raises(ParameterError, match=said):
        im.tune(im.VAE(4, trainer=QUICK), X, **{"trials": 1, **given})


def test_more_mistakes():
    with pytest.raises(ParameterError, match="expected a model of Isthmus"):
        im.tune("vae", X)
    with pytest.raises(ParameterError, match="generator alone"):
        im.tune(im.WGANGP(4), X)
    with pytest.raises(ParameterError, match="which VAE has not"):
        im.tune(im.VAE(4), X, Y, score="accuracy")
    with pytest.raises(ParameterError, match="give y"):
        im.tune(im.ContrastiveAE(4), X)
    with pytest.raises(DataError, match="expected 10 or more in each"):
        im.tune(im.VAE(4), X[:30])
    with pytest.raises(DataError, match="y has 3"):
        im.tune(im.VAE(4), X, [1, 2, 3])
    nothing = dict.fromkeys(["latent_dim", "free_bits", "network.hidden", *TRAINERS])
    with pytest.raises(ParameterError, match="nothing is left to search"):
        im.tune(im.VAE(4, trainer=QUICK), X, search=nothing)


def test_without_optuna_the_pip_line_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'isthmus\[tune\]'"):
        im.tune(im.VAE(4), X)


def test_what_is_told(found, tmp_path):
    text = found.as_text()
    assert "latent_dim" in text
    assert f"on {found.rows['test']} test rows, 3 seeds" in text
    plain = json.loads(json.dumps(found.to_json()))
    assert plain["best_params"]["latent_dim"] == found.best_params["latent_dim"]
    assert len(plain["trials"]) == 4
    page = found.report(tmp_path / "tuning.html", command="<b>").read_text()
    assert "Was it worth it?" in page
    assert "&lt;b&gt;" in page
    assert "<b></b>" not in page
    assert page.count("<img") == 2  # nothing mattered, with so few trials


@pytest.mark.parametrize(
    ("given", "tuned", "highest", "said"),
    [
        ((1.0, 1.1), (2.0, 2.2), True, "was worth it"),
        ((1.0, 1.1), (2.0, 2.2), False, "was not worth it"),
        ((1.0, 1.4), (1.3, 1.2), True, "No difference that chance would not make"),
        ((1.0, 1.1), (1.0, 1.1), True, "Nothing was better"),
    ],
)
def test_the_verdict(given, tuned, highest, said):
    assert said in Comparison(seeds=(0, 1), given=given, tuned=tuned, highest=highest).verdict()
