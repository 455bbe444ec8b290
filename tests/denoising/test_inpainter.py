"""Hidden parts filled in: closed forms, pictures and tables, files, and what is refused."""

import numpy as np
import pandas
import pytest
import torch
from sklearn.frozen import FrozenEstimator

import isthmus as im
from isthmus.errors import DataError, NotAvailableError, ParameterError, SavedModelError
from isthmus.tasks.completions import Completions
from isthmus.tasks.factor_noise import FactorNoise

QUICK = im.Trainer(epochs=10)
LOWER = np.zeros((8, 8), dtype=bool)
LOWER[5:] = True


@pytest.fixture(scope="module")
def digits():
    return np.round(im.data.load("digits").values.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)


@pytest.fixture(scope="module")
def of_pictures(digits):
    return im.Inpainter(trainer=QUICK).fit(digits[:1400])


@pytest.fixture(scope="module")
def table():
    """Five columns of one cause, in units of their own."""
    rng = np.random.default_rng(0)
    cause = rng.normal(size=(600, 1))
    values = cause * [1.0, -1.0, 1.0, 1.0, -1.0] + 0.1 * rng.normal(size=(600, 5))
    return pandas.DataFrame(values * [1, 1000, 1, 1, 0.01] + 5, columns=list("abcde"))


@pytest.fixture(scope="module")
def of_table(table):
    return im.Inpainter(im.AE(1, trainer=im.Trainer(epochs=30), random_state=0)).fit(table[:500])


def test_factors_tell_of_unseen_values_as_the_normal_distribution_does():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50_000, 2)) @ rng.normal(size=(2, 4)) + 0.3 * rng.normal(size=(50_000, 4)) + 1.0
    found, seen = FactorNoise.learn(x), np.array([True, True, True, False])
    covariance = np.cov(x.T)
    weights = np.linalg.solve(covariance[:3, :3], covariance[:3, 3])
    wanted = x.mean(0)[3] + (x[:20, :3] - x.mean(0)[:3]) @ weights
    given = found.given(torch.from_numpy(seen).float()[None])
    blanked = np.where(seen, x[:20], 99.0)
    made = given.expected(torch.from_numpy(blanked).float())
    assert made[:, 3].numpy() == pytest.approx(wanted, abs=0.05)
    loadings, noise = found.loadings.double().numpy(), found.noise.double().numpy()
    own = (loadings @ loadings.T + np.diag(noise))[:3, :3]
    apart = x[:20, :3] - x.mean(0)[:3]
    density = -0.5 * (apart @ np.linalg.inv(own) * apart).sum(1)
    assert given.log_density(torch.from_numpy(blanked).float()).numpy() == pytest.approx(density, rel=1e-3, abs=1e-3)


def test_completions_count_by_how_well_they_fit():
    rows = torch.tensor([[[0.0]], [[1.0]]]).expand(2, 4, 1)
    densities = torch.tensor([[0.0], [10.0 * np.log(3.0)]]).expand(2, 4)
    assert Completions(rows=rows, densities=densities).expected()[0].item() == pytest.approx(0.75, abs=1e-6)


def test_what_is_seen_stays_and_what_is_hidden_is_not_looked_at(of_pictures, digits):
    rows = digits[1400:1430]
    made = of_pictures.inpaint(rows, LOWER)
    assert made.dtype == np.uint8
    assert (made[:, ~LOWER] == rows[:, ~LOWER]).all()
    other = np.where(LOWER, np.random.default_rng(0).integers(0, 255, rows.shape), rows).astype(np.uint8)
    assert (of_pictures.inpaint(other, LOWER) == made).all()


def test_it_is_nearer_than_means_and_than_the_joint_gaussian(of_pictures, digits):
    found = of_pictures.against_baselines(digits[1400:], LOWER)
    errors = {row.name: row.error for row in found.rows}
    assert errors["Inpainter"] < 0.75 * errors["means"]
    assert errors["Inpainter"] < errors["joint Gaussian"]
    assert found.share == pytest.approx(3 / 8)
    assert "38 % of their values hidden" in found.as_text()
    assert found.to_json()["ways"][0]["name"] == "Inpainter"


def test_each_row_may_hide_something_else(of_pictures, digits):
    rows = digits[1400:1404]
    masks = np.stack([LOWER, LOWER[::-1], LOWER.T, np.eye(8, dtype=bool)])
    together = of_pictures.inpaint(rows, masks)
    for row, mask, made in zip(rows, masks, together, strict=True):
        alone = of_pictures.inpaint(row[None], mask)[0]
        assert np.abs(alone.astype(int) - made).max() <= 1  # products of other sizes round otherwise


def test_draws_differ_and_are_the_same_again(of_pictures, digits):
    rows = digits[1400:1420]
    drawn = of_pictures.inpaint(rows, LOWER, draws=4, random_state=1)
    again = of_pictures.inpaint(rows, LOWER, draws=4, random_state=1)
    assert len(drawn) == 4
    assert all((a == b).all() for a, b in zip(drawn, again, strict=True))
    assert any((drawn[0] != other).any() for other in drawn[1:])
    assert all((each[:, ~LOWER] == rows[:, ~LOWER]).all() for each in drawn)


def test_columns_are_filled_by_name(of_table, table):
    rows = table[500:]
    made = of_table.inpaint(rows.assign(b=0.0), ["b"])
    assert list(made.columns) == list("abcde")
    error = np.sqrt(np.square(made["b"].to_numpy() - rows["b"].to_numpy()).mean())
    assert error < 1.25 * 100 * np.sqrt(1 + 1 / 4)  # the noise of b, and that of the cause as the others tell it
    assert made["a"].to_numpy() == pytest.approx(rows["a"].to_numpy(), rel=1e-6)


def test_what_is_seen_keeps_all_its_digits_and_gaps_are_hidden_parts(of_table, table):
    rows = table[500:].copy()
    rows.loc[510, "c"] = np.nan
    made = of_table.inpaint(rows, rows.isna())
    assert made.notna().all().all()
    seen = rows.notna()
    assert (made[seen] == rows[seen])[seen].to_numpy()[seen.to_numpy()].all()


def test_colour_pictures_hide_all_channels_together():
    rng = np.random.default_rng(0)
    level = rng.integers(40, 215, size=(300, 1, 1, 1))
    colour = (np.broadcast_to(level, (300, 8, 8, 3)) + rng.integers(-20, 20, size=(300, 8, 8, 3))).astype(np.uint8)
    found = im.Inpainter(im.AE(4, network="mlp", trainer=QUICK, random_state=0), starts=3).fit(colour)
    made = found.inpaint(colour[:5], LOWER)
    assert made.shape == (5, 8, 8, 3)
    assert (made[:, ~LOWER] == colour[:5][:, ~LOWER]).all()
    assert np.abs(made[:, LOWER].astype(float).mean((1, 2)) - level[:5, 0, 0, 0]).max() < 15


def test_it_comes_back_from_disk_the_same(of_pictures, of_table, digits, table, tmp_path):
    for inpainter, rows, hidden in ((of_pictures, digits[1400:1410], LOWER), (of_table, table[500:], ["b", "c"])):
        back = im.load(inpainter.save(tmp_path / "inpainter"))
        assert np.array_equal(back.inpaint(rows, hidden), inpainter.inpaint(rows, hidden))
    with pytest.raises(SavedModelError, match="no denoiser"):
        im.Denoiser.load(tmp_path / "inpainter")


def test_a_fitted_model_is_used_as_it_is(digits):
    model = im.AE(8, trainer=QUICK, random_state=0).fit(digits[:600])
    assert im.Inpainter(FrozenEstimator(model), starts=1).fit(digits[:600]).model_ is model


@pytest.mark.parametrize(
    ("hidden", "told"),
    [
        (np.zeros((8, 8), dtype=bool), "False everywhere"),
        (np.ones((8, 8), dtype=bool), "covers all of every row"),
        (
            np.ones((8, 7), dtype=bool),
            r"hidden is bool, \(8, 7\); expected booleans, \(8, 8\) for all rows or",
        ),
        (np.eye(8), r"hidden is float64"),
        (0.5, r"hidden is 0\.5"),
        (None, "hidden is None"),
        (["lower"], "expected booleans"),
        (np.stack([LOWER, ~np.zeros((8, 8), dtype=bool)]), r"1 row, such as row \[1\]"),
    ],
)
def test_masks_that_make_no_sense_are_refused(of_pictures, digits, hidden, told):
    with pytest.raises(ParameterError, match=told):
        of_pictures.inpaint(digits[1400:1402], hidden)


@pytest.mark.parametrize("draws", [0, -1, 1.5, "two"])
def test_draws_that_make_no_sense_are_refused(of_pictures, digits, draws):
    with pytest.raises(ParameterError, match="draws is"):
        of_pictures.inpaint(digits[1400:1402], LOWER, draws=draws)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"starts": 0}, "starts is 0"),
        ({"steps": 1.5}, r"steps is 1\.5"),
        ({"model": "VAE"}, "expected a model of Isthmus"),
        ({"trainer": 5}, "expected a Trainer"),
        ({"trainer": QUICK, "model": im.AE(2)}, "trainer is for the usual model"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(digits, given, told):
    with pytest.raises(ParameterError, match=told):
        im.Inpainter(**given).fit(digits[:100])


@pytest.mark.parametrize("model", [im.CVAE(2), im.CPC(), im.WGANGP(2)])
def test_models_that_cannot_are_refused(digits, model):
    with pytest.raises(NotAvailableError, match="Inpainter"):
        im.Inpainter(model).fit(digits[:100])


def test_data_that_cannot_be_learnt_are_refused(of_pictures, digits):
    with pytest.raises(ParameterError, match="discrete"):
        im.Inpainter(im.VQVAE(8, trainer=im.Trainer(epochs=1))).fit(digits[:100])
    with pytest.raises(DataError, match="30 or more whole ones"):
        im.Inpainter().fit(digits[:29])
    with pytest.raises(DataError, match="texts"):
        im.Inpainter().fit(["a", "b"] * 20)
    with pytest.raises(DataError, match="shape"):
        of_pictures.inpaint(digits[:5, :7], LOWER[:7])


def test_draws_cover_what_is_hidden_as_often_as_they_say():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(2000, 1)) * [1.0, -1.0, 1.0, 1.0, -1.0] + 0.3 * rng.normal(size=(2000, 5))
    inpainter = im.Inpainter(im.AE(1, trainer=QUICK, random_state=0)).fit(rows[:1000])
    drawn = np.stack([each[:, 1] for each in inpainter.inpaint(rows[1000:], hidden=np.arange(5) == 1, draws=200)])
    low, high = np.quantile(drawn, [0.05, 0.95], axis=0)
    assert np.mean((low <= rows[1000:, 1]) & (rows[1000:, 1] <= high)) == pytest.approx(0.9, abs=0.04)
