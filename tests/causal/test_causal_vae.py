"""What rows would have been: by a model of a table whose system is known, and all that is refused."""

from dataclasses import replace

import numpy as np
import pandas
import pytest

import isthmus as im
from isthmus.causal_estimator import CAVEAT, FarInterventionWarning
from isthmus.cli import main
from isthmus.data.concepts import Concepts
from isthmus.errors import DataError, NotAvailableError, ParameterError
from isthmus.report.context import Context
from isthmus.report.panels import causes
from isthmus.tuning import scores

MIXING = np.linalg.qr(np.random.default_rng(5).normal(size=(6, 3)))[0].T
GRAPH = {"dose": ["age"], "effect": ["age", "dose"]}


def system(rows, seed=0):
    """Age causes the dose, both the effect; six columns show all three."""
    rng = np.random.default_rng(seed)
    age = 50 + 10 * rng.normal(size=rows)
    dose = 0.07 * (age - 50) + 2 + 0.7 * rng.normal(size=rows)
    return seen({"age": age, "dose": dose, "effect": effect(age, dose) + 5 * rng.normal(size=rows)})


def effect(age, dose):
    return 100 + 20 * np.tanh(dose - 2) - 2 * (age - 50)


def seen(concepts):
    standard = np.stack([(concepts["age"] - 50) / 10, (concepts["dose"] - 2), (concepts["effect"] - 100) / 20], axis=1)
    return standard @ MIXING, concepts


def trainer(epochs=20):
    return im.Trainer(epochs=epochs, batch_size=64, learning_rate=1e-2, validation=0, compile=False)


@pytest.fixture(scope="module")
def model():
    return im.CausalVAE(graph=GRAPH, trainer=trainer()).fit(*system(800))


def off(found, wanted):
    """Root mean square error, in standard deviations of what is wanted."""
    return np.sqrt(np.square(found - wanted).mean()) / np.std(wanted)


def test_the_graph_is_the_one_that_was_given_and_has_its_strengths(model):
    assert model.graph_.as_mapping() == GRAPH
    strengths = model.graph_.strengths
    assert strengths[1, 0] == pytest.approx(0.7 / np.hypot(0.7, 0.7), rel=0.1)  # of the dose by the age, in sds
    assert not strengths[0].any()


def test_concepts_are_read_in_their_units(model):
    x, known = system(200, seed=1)
    read = model.concepts(x)
    assert list(read) == ["age", "dose", "effect"]
    assert all(off(read[name], known[name]) < 0.15 for name in read)


@pytest.mark.parametrize("done", [{"dose": 3.0}, {"age": 45.0}, {"age": 55.0, "dose": 1.5}, {"effect": 90.0}])
def test_rows_are_as_they_would_have_been(model, done):
    x, known = system(200, seed=1)
    age = np.full(200, done["age"]) if "age" in done else known["age"]
    dose = known["dose"] + 0.07 * (age - known["age"])
    dose = np.full(200, done["dose"]) if "dose" in done else dose
    felt = known["effect"] + effect(age, dose) - effect(known["age"], known["dose"])
    felt = np.full(200, done["effect"]) if "effect" in done else felt
    wanted, concepts = seen({"age": age, "dose": dose, "effect": felt})
    found = model.do(x, done)
    assert found.done == tuple(done)
    assert set(found.moved) == {"age": {"dose", "effect"}, "dose": {"effect"}, "effect": set()}[next(iter(done))] - set(
        done
    )
    for name in ("age", "dose", "effect"):
        if name in done:
            assert found.after[name] == pytest.approx(concepts[name], rel=1e-5)
        elif name in found.moved:
            assert np.sqrt(np.square(found.after[name] - concepts[name]).mean()) < 0.3 * known[name].std()
        else:
            assert (found.after[name] == found.before[name]).all()
    error = np.square(found.examples - wanted).mean()
    assert error < 0.1 * np.square(x - wanted).mean()  # of what the intervention changes


def test_values_may_differ_from_row_to_row_and_frames_stay_frames(model):
    x, _ = system(4, seed=1)
    ages = [40.0, 45.0, 50.0, 55.0]
    found = model.do(x, {"age": ages})
    assert found.after["age"] == pytest.approx(ages, rel=1e-5)
    assert found.as_text().splitlines()[0].endswith("-> 47.5 (set)")
    assert "effect" in found.as_text().splitlines()[2]
    frame = pandas.DataFrame(x, columns=list("abcdef"))
    framed = im.CausalVAE(graph=GRAPH, trainer=trainer(1)).fit(frame, pandas.DataFrame(system(4, seed=1)[1]))
    assert list(framed.do(frame, {"age": 50}).examples.columns) == list("abcdef")


def test_draws_of_a_world_in_which_concepts_are_set(model):
    drawn = model.sample(500, random_state=0, do={"dose": 3.0})
    read = model.concepts(drawn)
    assert np.abs(read["dose"] - 3.0).mean() < 0.1
    assert read["age"].mean() == pytest.approx(50, abs=2)  # a cause does not follow
    wanted = np.mean(effect(system(5000)[1]["age"], 3.0))
    assert read["effect"].mean() == pytest.approx(wanted, abs=6)
    again = model.sample(500, random_state=0, do={"dose": 3.0})
    assert (again == drawn).all()
    assert (model.sample(5, random_state=0) != model.sample(5, random_state=0, do={"dose": 5.0})).any()


def test_concepts_that_are_known_of_few_rows_are_learnt_with_the_others():
    x, known = system(800)
    rng = np.random.default_rng(0)
    some = {name: np.where(rng.random(800) < 0.3, each, np.nan) for name, each in known.items()}
    fitted = im.CausalVAE(graph=GRAPH, free_dim=1, trainer=trainer()).fit(x, some)
    new, wanted = system(200, seed=1)
    read = fitted.concepts(new)
    assert all(off(read[name], wanted[name]) < 0.3 for name in read)
    assert fitted.transform(new).shape == (200, 4)
    assert np.isfinite(fitted.score_samples(new)).all()


def test_saved_and_loaded_it_intervenes_as_before(model, tmp_path):
    x, _ = system(20, seed=1)
    loaded = im.load(model.save(tmp_path / "model"))
    one, other = model.do(x, {"dose": 3.0}), loaded.do(x, {"dose": 3.0})
    assert (one.examples == other.examples).all()
    assert loaded.graph_.edges == model.graph_.edges
    assert (loaded.graph_.strengths == model.graph_.strengths).all()
    assert loaded.concepts_ == ("age", "dose", "effect")
    encoder = im.load(tmp_path / "model", part="encoder")
    assert (encoder.concepts(x)["age"] == model.concepts(x)["age"]).all()
    with pytest.raises((ParameterError, NotAvailableError), match="load the whole"):
        encoder.do(x, {"dose": 3.0})


def test_a_given_graph_with_mistakes_is_refused():
    x, known = system(20)
    with pytest.raises(ParameterError, match="cycle: age -> effect -> age"):
        im.CausalVAE(graph={**GRAPH, "age": ["effect"]}).fit(x, known)
    with pytest.raises(ParameterError) as told:
        im.CausalVAE(graph={"dosis": ["age"], "effect": ["weight"]}).fit(x, known)
    assert "'dosis'" in str(told.value)
    assert "'weight'" in str(told.value)
    for wrong in ({"alpha": -1.0}, {"free_dim": -1}):
        with pytest.raises(ParameterError, match=f"{next(iter(wrong))} is -1"):
            im.CausalVAE(**wrong).fit(x, known)


def test_concepts_that_cannot_be_read_are_refused_together():
    with pytest.raises(DataError) as told:
        Concepts.of({"a": [1.0, np.inf], "b": ["x", "y"], "c": [1.0], "d": [np.nan, np.nan]}, count=2)
    for word in ("'a' is infinite", "'b' holds what is no number", "'c' has 1 number", "'d' is known in 0 rows"):
        assert word in str(told.value)
    with pytest.raises(DataError, match="there are none"):
        Concepts.of({}, count=2)
    with pytest.raises(ParameterError, match="requires y to be passed"):
        im.CausalVAE().fit(system(20)[0])
    every = enumerate(system(20)[1].items())
    few = {name: np.where(np.arange(20) % 3 == number, each, np.nan) for number, (name, each) in every}
    with pytest.raises(DataError, match="all concepts are known; here are 0, expected 20"):
        im.CausalVAE().fit(system(20)[0], few)


def test_interventions_that_make_no_sense_are_refused_together(model):
    x, _ = system(3)
    with pytest.raises(ParameterError) as told:
        model.do(x, {"doze": 1.0, "age": "old", "effect": [1.0, 2.0]})
    for word in (
        "'doze'",
        "Did you mean 'dose'?",
        "age is 'old'",
        "effect is [1.0, 2.0]; expected a finite number, or 3",
    ):
        assert word in str(told.value)
    for nothing in ({}, "age"):
        with pytest.raises(ParameterError, match="expected {concept: value}, of age, dose, effect"):
            model.do(x, nothing)
    with pytest.raises(ParameterError, match="structural equations, which interventions need"):
        model.fit_prior(x)
    with pytest.raises(ParameterError, match="not conditional"):
        model.transform(x, condition=[1, 2, 3])


@pytest.fixture(scope="module")
def swings(tmp_path_factory):
    """A model of the pendulum, hardly trained, and where it is saved."""
    rows = im.data.load("pendulum", "train").take(range(300))
    made = im.CausalVAE(trainer=trainer(2)).fit(rows)
    return made, made.save(tmp_path_factory.mktemp("models") / "pendulum")


def test_factors_of_a_data_set_are_its_concepts(swings):
    model, _ = swings
    rows = im.data.load("pendulum", "test").take(range(40))
    assert model.concepts_ == tuple(rows.factors)
    for known in (True, False):
        judged = model.judged(rows if known else replace(rows, factors=None))
        costs = [model.autoencoder_.loss(model.autoencoder_(batch)).terms["concepts"] for batch in judged]
        assert all(bool((cost != 0).all()) == known for cost in costs)
        assert all(bool(cost.any()) == known for cost in costs)


def test_the_report_shows_the_graph_and_says_what_it_is_worth(swings):
    train, test = (im.data.load("pendulum", part).take(range(60)) for part in ("train", "test"))
    context = Context(estimator=swings[0], train=train, test=test)
    assert causes.applies(context)
    text = causes.html(context)
    assert "The graph of the concepts: pendulum to shadow_length" in text
    assert "one concept set to values over its range" in text
    assert CAVEAT[:60] in text
    assert text.count("<img") == 2
    assert not causes.applies(replace(context, estimator=im.VAE(2)))


def test_interventions_on_the_command_line(swings, tmp_path, monkeypatch, capsys):
    _, folder = swings
    monkeypatch.chdir(tmp_path)
    np.save("new.npy", im.data.load("pendulum", "test").values[:5])
    command = ["intervene", str(folder), "new.npy", "--do", "light=45", "--do", "pendulum=-10"]
    assert main([*command, "--out", "changed/"]) == 0
    out = capsys.readouterr().out
    assert "5 examples: changed" in out
    assert "-> 45 (set)" in out
    assert "shadow_length" in out
    assert "(follows)" in out
    assert len(list((tmp_path / "changed").glob("*.png"))) == 5
    assert main([*command, "--out", "changed.npy", "--json"]) == 0
    assert '"done": [' in capsys.readouterr().out
    assert np.load("changed.npy").shape == (5, 40, 64)
    for wrong, told in (
        (["--do", "lihgt=4"], "Did you mean 'light'?"),
        (["--do", "light=bright"], "'bright' is no number"),
        (["--do", "light"], "no number"),
        (["--do", "light=1", "--do", "light=2"], "light is set to 1 already"),
        ([], "Missing option '--do'"),
    ):
        assert main(["intervene", str(folder), "new.npy", "--out", "other.npy", *wrong]) != 0
        assert told in capsys.readouterr().err
    plain = im.VAE(2, trainer=trainer(1)).fit(np.load("new.npy")).save("vae")
    assert main(["intervene", str(plain), "new.npy", "--do", "light=4", "--out", "other.npy"]) == 1
    assert "has no concepts to set" in capsys.readouterr().err


def test_tuning_tells_concepts_in_training_alone(model):
    x, known = system(40, seed=2)
    rows = replace(im.data.read(x), labels=known["age"])
    found = scores.score_of("log_likelihood", rate=True).measure(model, rows, rows)
    assert found == pytest.approx(model.score(x))


def test_what_is_set_is_told_to_the_last_digit(model):
    done = {"dose": 3.1, "age": np.linspace(45, 55, 5)}
    found = model.do(system(5, seed=1)[0], done)
    assert (found.after["dose"] == 3.1).all()
    assert (found.after["age"] == done["age"]).all()


def test_far_interventions_are_said_to_be_guesses(model):
    with pytest.warns(FarInterventionWarning, match=r"1 concept set far from what fit has seen \(age "):
        model.do(system(5, seed=1)[0], {"age": 500.0})


def test_a_graph_is_not_found_from_few_rows():
    x, known = system(19)
    with pytest.raises(DataError, match=r"here are 19, expected 20 or more, better 300\. Otherwise say graph="):
        im.CausalVAE(trainer=trainer(1)).fit(x, known)
