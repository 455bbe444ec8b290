"""Models on the same rows: what is the best is not chance, what fails loses nothing else, PCA is the known one."""

import json
import math

import numpy as np
import pytest
from sklearn.decomposition import PCA

import isthmus as im
from isthmus.errors import DataError, ParameterError, UnknownNameError
from isthmus.metrics.comparison import ComparedModel, Comparison, Trial
from isthmus.tasks.same_rows import SameRows

QUICK = im.Trainer(epochs=2, validation=0)
TOLD = {"train_rows": 80, "held_out_rows": 20, "budget": "", "version": "1"}


@pytest.fixture(scope="module")
def digits():
    return im.data.load("digits").take(range(400))


def made(seeds=2, unlike=(), **values):
    models = [
        ComparedModel(
            name=name,
            trials=tuple(
                Trial(model=name, seed=None if name == "PCA" else i, numbers={"mse": v}) for i, v in enumerate(given)
            ),
        )
        for name, given in values.items()
    ]
    return Comparison(models=tuple(models), seeds=tuple(range(seeds)), unlike=unlike, **TOLD)


def test_a_difference_within_the_spread_of_seeds_is_no_win():
    assert made(a=[1.0, 1.2], b=[1.1, 1.3], c=[9.0, 9.1]).best("mse") == {"a", "b"}
    assert made(a=[1.0, 1.01], b=[1.1, 1.11], c=[9.0, 9.1]).best("mse") == {"a"}
    assert made(a=[1.0, 1.01], PCA=[0.9]).best("mse") == {"PCA"}
    assert made(a=[1.0, 1.4], PCA=[0.9], c=[9.0, 9.1]).best("mse") == {"a", "PCA"}
    assert made(a=[1.0, 1.2], b=[1.1, 1.3]).best("mse") == set()  # nobody is worse: nobody is best
    assert made(a=[1.0], b=[2.0], seeds=1).best("mse") == set()
    assert made(a=[1.0, 1.01, 1.0], b=[2.0, 900.0, 5.0]).best("mse") == {"a"}  # a wide spread is no excuse
    assert made(a=[1.0, 1.01, 1.0], b=[0.99, 900.0, 5.0], c=[9.0, 9.0, 9.0]).best("mse") == {"a", "b"}
    assert made(a=[1.0, 1.01], b=[2.0, 2.0], unlike=("mse",)).best("mse") == set()
    assert "One seed tells no spread" in str(made(a=[1.0], b=[2.0], seeds=1))


def test_numbers_that_are_none_are_never_the_best():
    for wrong in (math.nan, math.inf, -math.inf):
        found = made(broken=[wrong, 1.0, 1.0], good=[2.0, 2.01, 2.02], poor=[9.0, 9.1, 9.2], seeds=3)
        assert found.best("mse") == {"good"}
        assert "failed" in str(found)
        assert json.loads(json.dumps(found.to_json(), allow_nan=False))["best"]["mse"] == ["good"]
    first = made(broken=[math.nan, math.nan], good=[2.0, 2.01], poor=[9.0, 9.1])
    assert first.best("mse") == {"good"}


def test_a_single_fit_is_not_marked_and_costs_others_no_mark():
    found = made(alone=[0.1], good=[2.0, 2.01, 2.02], poor=[9.0, 9.1, 9.2], seeds=3)
    assert found.best("mse") == {"good"}
    assert "alone has one fit alone" in str(found)


@pytest.mark.parametrize(("seeds", "most"), [(2, 0.08), (3, 0.14), (5, 0.07), (20, 0.07)])
def test_models_that_are_alike_are_seldom_told_apart_and_more_seeds_tell_more(seeds, most):
    rng = np.random.default_rng(0)

    def told(shift, count=400):
        marks = [
            made(seeds=seeds, a=rng.normal(size=seeds) + shift, b=rng.normal(size=seeds), c=[99.0] * seeds).best("mse")
            for _ in range(count)
        ]
        return np.mean([len(each) == 1 for each in marks])

    assert told(0.0) <= most
    if seeds == 20:
        assert told(1.2) > 0.9


def test_means_and_spreads_are_those_of_a_sample():
    one = made(a=[1.0, 2.0, 6.0], seeds=3)["a"]
    assert one.mean("mse") == 3.0
    assert one.sd("mse") == pytest.approx(math.sqrt(7.0))
    assert one.cell("mse") == "3 +-2.6"
    assert one.mean("psnr") is None
    with pytest.raises(KeyError, match="'z' was not compared; there are: a"):
        made(a=[1.0])["z"]


def test_a_wide_table_is_cut_into_blocks_that_hold_every_number():
    numbers = dict.fromkeys(("mse", "psnr", "elbo", "log_prob", "rate", "knn", "frechet", "seconds"), 1.5)
    model = ComparedModel(name="a", trials=(Trial(model="a", seed=0, numbers=numbers),))
    text = Comparison(models=(model,), seeds=(0,), **TOLD).as_text(width=60)
    lines = text.splitlines()
    assert max(map(len, lines[1:-1])) <= 62
    assert sum(line.count("1.5") for line in lines) == 8


def test_models_stand_beside_pca_and_one_that_fails_loses_nothing(digits):
    told = []
    broken = im.AE(4, network="nope")
    found = im.compare(
        {"ae": "ae", "mine": im.VAE(4), "broken": broken},
        digits,
        latent_dim=4,
        trainer=QUICK,
        seeds=2,
        samples=False,
        on_trial=told.append,
    )
    assert [model.name for model in found.models] == ["ae", "mine", "broken", "PCA"]
    assert [trial.model for trial in told] == ["ae"] * 2 + ["mine"] * 2 + ["broken"] * 2 + ["PCA"]
    assert found["broken"].failures[0].startswith("broken, seed 0: UnknownNameError: No encoder is called 'nope'")
    assert len(found["ae"].values("mse")) == 2
    assert found["ae"].sd("mse") > 0
    assert found["mine"].mean("elbo") <= found["mine"].mean("log_prob")
    assert found["PCA"].sd("mse") == 0.0
    assert found.held_out_rows == 80
    text = str(found)
    assert "nats/row" in text
    assert "failed: broken, seed 1" in text
    plain = json.loads(json.dumps(found.to_json()))
    assert plain["models"][2]["trials"][0]["error"].startswith("UnknownNameError")
    assert plain["units"]["rate"] == "nats/row"
    again = im.compare(["ae"], digits, latent_dim=4, trainer=QUICK, seeds=1, samples=False)
    assert again["ae"].values("mse")[0] == found["ae"].values("mse")[0]


def test_pca_is_scikit_learns_in_the_units_of_x(digits):
    train, test = digits.take(range(300)), digits.take(range(300, 400))
    ground = SameRows.of(train, test, samples=False)
    x, new = ground.numbers(train), ground.numbers(test)
    pca = PCA(5, random_state=0).fit(x)
    numbers = ground.components(5)
    assert numbers["mse"] == pytest.approx(np.square(pca.inverse_transform(pca.transform(new)) - new).mean())
    wider = SameRows.of(_times(train, 10), _times(test, 10), samples=False).components(5)
    assert wider["mse"] == pytest.approx(numbers["mse"])  # scaled units
    assert wider["log_prob"] == pytest.approx(numbers["log_prob"] - 64 * math.log(10), abs=1e-3)  # a density of X


def _times(examples, factor):
    from dataclasses import replace

    return replace(examples, values=examples.values * factor)


def test_draws_are_judged_by_the_same_features_and_codes_without_a_prior_get_a_gaussian(digits):
    found = im.compare(["ae", "vae"], digits, latent_dim=4, trainer=QUICK, seeds=1)
    assert all(found[name].values("frechet") for name in ("ae", "vae", "PCA"))
    assert "a classifier of these classes" in found.extractor
    assert any(note.startswith("ae has no prior: it draws from a Gaussian") for note in found.notes)
    assert not any(note.startswith("vae has no prior") for note in found.notes)
    assert any("it is no FID" in note for note in found.notes)


def test_densities_and_probabilities_are_not_ranked_with_each_other(digits):
    binary = (digits.values > 7).astype(float)
    same = {"latent_dim": 2, "trainer": QUICK, "seeds": 2, "samples": False}
    both = im.compare({"bernoulli": im.VAE(2), "gaussian": im.VAE(2, likelihood="gaussian")}, binary, **same)
    assert "log_prob" in both.unlike
    assert both.best("log_prob") == set()
    assert any("do not compare: bernoulli a probability, gaussian a density" in note for note in both.notes)
    alone = im.compare(["vae"], binary, **same)
    assert not alone.unlike
    assert not alone["PCA"].values("log_prob")  # a density


def test_cross_entropies_of_intensities_are_no_probabilities(digits):
    quick = {"latent_dim": 2, "trainer": QUICK, "seeds": 2, "samples": False}
    models = {name: im.VAE(2, likelihood=name, trainer=QUICK) for name in ("bernoulli", "categorical")}
    both = im.compare(models, digits.values.astype(np.uint8), **quick)
    assert both.best("log_prob") == both.best("bits_per_dim") == set()
    assert any("do not compare: bernoulli a cross-entropy, categorical a prob" in note for note in both.notes)
    assert any("bernoulli: ELBO and log p(x) are of a cross-entropy" in note for note in both.notes)
    pictures = im.data.read(digits.values.reshape(-1, 8, 8).astype(np.uint8))
    fitted = im.VAE(2, likelihood="bernoulli", trainer=QUICK).fit(pictures)
    told = im.evaluate(fitted, pictures, samples=False)
    assert "bits/dim, by log p(x)" not in [each.name for each in told.measured]
    assert any("is no log p(x)" in note for note in told.notes)


def test_budgets_that_differ_are_told_model_by_model(digits):
    given = {
        "short": im.AE(2, trainer=im.Trainer(epochs=1)),
        "long": im.AE(3, trainer=im.Trainer(epochs=4)),
        "own": "ae",
    }
    found = im.compare(given, digits, latent_dim=2, trainer=QUICK, seeds=1, samples=False)
    assert "epochs 2" not in found.told
    notes = "\n".join(found.notes)
    assert "short: 2 numbers in the code; trainer: epochs 1." in notes
    assert "long: 3 numbers in the code; trainer: epochs 4." in notes
    assert "own: 2 numbers in the code; trainer: epochs 2, validation 0." in notes
    alike = im.compare(["ae", im.VAE(2)], digits, latent_dim=2, trainer=QUICK, seeds=1, samples=False)
    assert "2 numbers in the code; trainer: epochs 2, validation 0;" in alike.told


def test_held_out_rows_that_are_learnt_from_are_told(digits):
    found = im.compare(["ae"], digits, held_out=digits.take(range(100)), trainer=QUICK, seeds=1, samples=False)
    assert any("100 of the 100 held-out rows are learnt from, too" in note for note in found.notes)


def test_pictures_tables_with_gaps_and_rows_of_ones_own(digits):
    pictures = (digits.values.reshape(-1, 8, 8) * 15).astype(np.uint8)
    same = {"latent_dim": 2, "trainer": QUICK, "seeds": 1, "samples": False}
    found = im.compare(["ae", "vae"], pictures, held_out=pictures[:50], **same)
    assert found["ae"].values("psnr")
    assert found["vae"].values("bits_per_dim")
    assert found.held_out_rows == 50
    holes = digits.values[:, :6].copy()
    holes[::7, 1] = np.nan
    mixed = im.compare(["ae", "table-mae"], holes, **same)
    assert mixed["ae"].values("mse")
    assert any(note.startswith("table-mae makes features") for note in mixed.notes)


def test_all_mistakes_are_told_before_anything_is_fitted(digits, monkeypatch):
    monkeypatch.setattr(im.AE, "fit", lambda *_, **__: pytest.fail("it was fitted"))
    X = digits.values
    with pytest.raises(UnknownNameError) as told:
        im.compare(["vea", "ae", "sequence-vae", "vqgan", "cvae"], X)
    for word in ("Did you mean 'vae'", "sequence-vae takes text", "vqgan takes pictures", "cvae is told y"):
        assert word in str(told.value)
    assert "4 of 5 models" in str(told.value)
    with pytest.raises(UnknownNameError, match=r"no network is called 'foo'(.|\n)*no likelihood is called 'gausian'"):
        im.compare(["ae", "vae"], X, network="foo", likelihood="gausian")
    with pytest.raises(ParameterError, match="'ae' is named twice"):
        im.compare(["ae", "ae"], X)
    with pytest.raises(ParameterError, match="expected several"):
        im.compare("ae", X)
    with pytest.raises(ParameterError, match="stands beside the models anyway"):
        im.compare(["PCA"], X)
    with pytest.raises(ParameterError, match=r"latent_dim is 0(.|\n)*seeds is 0"):
        im.compare(["ae"], X, latent_dim=0, seeds=0)
    with pytest.raises(ParameterError, match="held_out is 1.5"):
        im.compare(["ae"], X, held_out=1.5)
    with pytest.raises(DataError, match="24 rows to learn from and 6 to measure on; expected 20 and 20"):
        im.compare(["ae"], X[:30])
    with pytest.raises(DataError, match="X has 400 rows, but y has 2"):
        im.compare(["ae"], X, [1, 2])
    with pytest.raises(DataError, match="compare is for tables, pictures and arrays; X is text"):
        im.compare(["sequence-vae"], ["one", "two"])
