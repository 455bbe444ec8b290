"""Noise taken out of tables and pictures: its level, what is left of it, files, and what is refused."""

import warnings
from dataclasses import replace

import numpy as np
import pandas
import pytest
import torch
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import isthmus as im
from isthmus.errors import DataError, NotAvailableError, ParameterError, SavedModelError
from isthmus.metrics.denoising import NOISY, OURS
from isthmus.tasks.denoiser import StrongNoiseWarning
from isthmus.tasks.denoising_filters import non_local_means

QUICK = im.Trainer(epochs=8)


def error(a, b):
    return float(np.sqrt(np.square(np.asarray(a, dtype=float) - np.asarray(b, dtype=float)).mean()))


@pytest.fixture(scope="module")
def digits():
    return np.round(im.data.load("digits").values.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)


@pytest.fixture(scope="module")
def of_pictures(digits):
    return im.Denoiser(trainer=QUICK, refining_steps=60).fit(digits[:1400])


@pytest.fixture(scope="module")
def table():
    """Six columns of two causes, in units of their own."""
    rng = np.random.default_rng(0)
    causes = rng.normal(size=(1200, 2))
    return causes @ rng.normal(size=(2, 6)) * np.array([1, 10, 100, 1000, 1, 5000.0]) + 7.0


@pytest.fixture(scope="module")
def of_table(table):
    return im.Denoiser(trainer=im.Trainer(epochs=20)).fit(table[:1000])


@pytest.mark.parametrize("level", [20.0, 40.0, 90.0])
def test_pictures_lose_their_noise_and_its_level_is_told(of_pictures, digits, level):
    clean = digits[1400:]
    noisy = of_pictures.with_noise(clean, level, random_state=1)
    made = of_pictures.denoise(noisy)
    assert made.dtype == noisy.dtype == np.uint8
    assert made.shape == clean.shape
    assert of_pictures.noise_level(noisy) == pytest.approx(level, rel=0.08, abs=1.0)
    assert error(made, clean) < 0.95 * error(noisy, clean)


def test_clean_pictures_stay_as_they_are(of_pictures, digits):
    assert of_pictures.noise_level(digits[1400:]) < 5.0
    assert error(of_pictures.denoise(digits[1400:]), digits[1400:]) < 5.0
    assert (of_pictures.denoise(digits[1400:1410], level=0.0) == digits[1400:1410]).all()


def test_what_pixels_around_tell_helps(of_pictures, digits):
    other = im.Denoiser(FrozenEstimator(of_pictures.model_), refining_steps=0).fit(digits[:1400])
    assert other.refinement_ is None
    noisy = of_pictures.with_noise(digits[1400:], 40.0)
    assert error(of_pictures.denoise(noisy, 40.0), digits[1400:]) < error(other.denoise(noisy, 40.0), digits[1400:])


def test_each_row_may_have_its_own_level(of_pictures, digits):
    quiet, loud = (of_pictures.with_noise(digits[1400:1450], level) for level in (15.0, 90.0))
    both = np.concatenate([quiet, loud])
    levels = of_pictures.noise_levels(both)
    assert levels[:50].max() < levels[50:].min()
    clean = np.concatenate([digits[1400:1450]] * 2)
    found = {level: error(of_pictures.denoise(both, level), clean) for level in ("all", "each")}
    assert found["each"] < found["all"]
    told = of_pictures.denoise(both, np.repeat([15.0, 90.0], 50))
    assert error(told, clean) <= found["each"] * 1.02


def test_tables_in_units_of_their_own_keep_their_names(of_table, table):
    names = [f"column {i}" for i in range(6)]
    noisy = pandas.DataFrame(of_table.with_noise(table[1000:], 0.5), columns=names)
    assert of_table.noise_level(noisy) == pytest.approx(0.5, abs=0.05)
    made = of_table.denoise(noisy)
    assert list(made.columns) == names
    spread = table.std(0)
    assert error(made / spread, table[1000:] / spread) < 0.75 * error(noisy / spread, table[1000:] / spread)
    assert np.allclose(of_table.transform(noisy), made)


def test_two_causes_of_six_columns_are_told_nearly_as_well_as_can_be(of_table, table):
    """The noise within the plane of the causes stays: sqrt(2 / 6) of it, and little more."""
    spread = table[:1000].std(0)
    noisy = of_table.with_noise(table[1000:], 0.2)
    left = error(of_table.denoise(noisy) / spread, table[1000:] / spread)
    assert 0.8 * 0.2 * np.sqrt(2 / 6) < left < 1.35 * 0.2 * np.sqrt(2 / 6)


def test_the_comparison_is_on_the_same_rows_and_honest(of_pictures, digits):
    found = of_pictures.against_filters(digits[1400:], 40.0, known=digits[:1400])
    by_name = {row.name: row for row in found.rows}
    assert {OURS, NOISY, "PCA", "PCA, shrunk", "median", "Wiener", "non-local means"} <= set(by_name)
    assert found.estimated == pytest.approx(40, rel=0.1)
    assert by_name[OURS].error < by_name[NOISY].error
    assert by_name[OURS].psnr > by_name[NOISY].psnr
    assert "rows kept aside, with noise of 40" in found.as_text()
    assert found.to_json()["ways"][0]["name"] == OURS


def test_of_tables_the_comparison_has_no_pixels(of_table, table):
    found = of_table.against_filters(table[1000:])
    assert [row.name for row in found.rows] == [OURS, NOISY, "PCA", "PCA, shrunk"]
    assert all(row.psnr is None for row in found.rows)


def test_non_local_means_leave_flat_pictures_alone():
    flat = np.full((2, 1, 9, 9), 0.3)
    assert np.allclose(non_local_means(flat, 0.1, 1.0), flat)


def test_it_comes_back_from_disk_the_same(of_pictures, of_table, digits, table, tmp_path):
    for denoiser, rows in ((of_pictures, digits[1400:1420]), (of_table, table[1000:])):
        back = im.load(denoiser.save(tmp_path / "denoiser"))
        noisy = denoiser.with_noise(rows, denoiser.levels_[1] / 3)
        assert (back.denoise(noisy) == denoiser.denoise(noisy)).all()
        assert back.noise_level(noisy) == denoiser.noise_level(noisy)
        assert back.levels_ == denoiser.levels_


def test_files_with_arrays_left_out_are_refused(of_pictures, tmp_path):
    import hashlib
    import json

    from safetensors.torch import load, save

    folder = of_pictures.save(tmp_path / "denoiser")
    arrays = load((folder / "task.safetensors").read_bytes())
    content = save({name: each for name, each in arrays.items() if name != "refinement.head.weight"})
    (folder / "task.safetensors").write_bytes(content)
    described = json.loads((folder / "task.json").read_text())
    described["sha256"] = hashlib.sha256(content).hexdigest()
    (folder / "task.json").write_text(json.dumps(described))
    with pytest.raises(SavedModelError, match=r"lacks refinement\.head\.weight"):
        im.load(folder)


def test_the_same_seed_gives_the_same_and_any_model_will_do(table):
    model = im.AE(2, trainer=QUICK, random_state=0)
    first, again = (im.Denoiser(clone(model), random_state=3).fit(table[:300]) for _ in range(2))
    noisy = first.with_noise(table[300:400], 0.5)
    assert (first.denoise(noisy) == again.denoise(noisy)).all()
    assert type(first.model_).__name__ == "AE"


def test_values_that_end_somewhere_end_there():
    x = np.random.default_rng(0).uniform(size=(300, 5))
    denoiser = im.Denoiser(cut=True, trainer=QUICK).fit(x)
    noisy = denoiser.with_noise(x, 0.3)
    for rows in (noisy, denoiser.denoise(noisy)):
        assert rows.min() >= x.min()
        assert rows.max() <= x.max()


def test_noise_that_was_not_practised_is_said(of_table, table):
    with pytest.warns(StrongNoiseWarning, match="the strongest that was practised"):
        of_table.denoise(table[1000:] + 50_000 * np.random.default_rng(0).normal(size=(200, 6)))
    with pytest.raises(ParameterError, match=r"level is 9.0; expected 0 to 2"):
        of_table.denoise(table[1000:], 9.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        of_table.denoise(of_table.with_noise(table[1000:], 0.5))


@pytest.mark.parametrize("level", ["some", -1.0, np.nan, [0.1, 0.2], "0.5", object()])
def test_levels_that_make_no_sense_are_refused(of_table, table, level):
    with pytest.raises(ParameterError, match="level"):
        of_table.denoise(table[1000:], level)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"levels": (1.0, 0.5)}, "levels is"),
        ({"levels": "some"}, "levels is 'some'"),
        ({"levels": (0.0, 1.0)}, "above 0"),
        ({"model": "DAE"}, "expected a model of Isthmus"),
        ({"cut": 1}, "cut is 1"),
        ({"refining_steps": -1}, "refining_steps is -1"),
        ({"trainer": 5}, "expected a Trainer"),
        ({"trainer": QUICK, "model": im.AE(2)}, "trainer is for the usual model"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(table, given, told):
    with pytest.raises(ParameterError, match=told):
        im.Denoiser(**given).fit(table)


@pytest.mark.parametrize("model", [im.CVAE(2), im.CPC(), im.WGANGP(2)])
def test_models_that_cannot_are_refused(table, model):
    with pytest.raises(NotAvailableError, match="Denoiser"):
        im.Denoiser(model).fit(table)


def test_data_that_cannot_be_learnt_are_refused(of_table, table):
    with pytest.raises(DataError, match="20 or more clean ones"):
        im.Denoiser().fit(table[:19])
    with pytest.raises(DataError, match="texts"):
        im.Denoiser().fit(["a", "b"] * 20)
    with pytest.raises(DataError, match="gaps"):
        im.Denoiser().fit(np.where(np.eye(40, 6) > 0, np.nan, table[:40]))
    with pytest.raises(DataError, match="5 features"):
        of_table.denoise(table[:, :5])
    with pytest.raises(ParameterError, match="level is 0.0; expected a number above 0"):
        of_table.against_filters(table[1000:], 0.0)
    with pytest.raises(DataError, match="20 or more to compare on"):
        of_table.against_filters(table[:10])


def test_models_of_what_are_no_amounts_are_refused():
    counts = np.random.default_rng(0).poisson(3.0, size=(60, 5))
    model = im.VAE(2, likelihood="negative_binomial", trainer=im.Trainer(epochs=1)).fit(counts)
    for job in (im.Denoiser, im.Inpainter):
        with pytest.raises(NotAvailableError, match="was fitted to counts data; expected one of amounts"):
            job(model).fit(counts)
    levels = im.AE(2, likelihood="categorical", trainer=im.Trainer(epochs=1)).fit(counts)
    with pytest.raises(NotAvailableError, match="levels without an order"):
        im.Denoiser(levels).fit(counts)


def test_it_stands_in_pipelines_that_give_frames(table):
    names = [f"column {i}" for i in range(6)]
    frame = pandas.DataFrame(table[:200], columns=names)
    line = make_pipeline(StandardScaler(), im.Denoiser(im.AE(2, trainer=QUICK))).set_output(transform="pandas")
    made = line.fit(frame).transform(frame)
    assert list(made.columns) == names


def test_large_offsets_cost_no_digits(table):
    """Seconds since 1970: float32 would round to two minutes."""
    rows = table + 1.6e9
    denoiser = im.Denoiser(trainer=QUICK).fit(rows[:1000])
    noisy = denoiser.with_noise(rows[1000:], 0.3)
    assert noisy.dtype == np.float64
    spread = rows.std(0)
    assert error((noisy - rows[1000:]) / spread, 0) == pytest.approx(0.3, rel=0.1)
    assert error(denoiser.denoise(noisy) / spread, rows[1000:] / spread) < 0.9 * 0.3


def test_constant_columns_get_no_noise_and_tell_nothing(table):
    rows = np.column_stack([table, np.full(len(table), 3.0)])
    denoiser = im.Denoiser(trainer=QUICK).fit(rows[:1000])
    noisy = denoiser.with_noise(rows[1000:], 0.3)
    assert (noisy[:, -1] == 3.0).all()
    elsewhere = noisy.copy()
    elsewhere[:, -1] = 4.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a column that was constant is not any more
        assert denoiser.noise_level(elsewhere) == pytest.approx(denoiser.noise_level(noisy), rel=0.05)


def test_tables_of_bytes_are_not_rounded(table):
    rows = np.clip(np.rint(128 + 30 * (table - table.mean(0)) / table.std(0)), 0, 255).astype(np.uint8)
    denoiser = im.Denoiser(trainer=QUICK).fit(rows[:1000])
    made = denoiser.denoise(denoiser.with_noise(rows[1000:], 0.3))
    assert made.dtype.kind == "f"
    assert (made != np.rint(made)).any()


def test_rows_without_noise_come_back_to_the_last_digit(of_table, table):
    noisy = of_table.with_noise(table[1000:1010], 0.3)
    made = of_table.denoise(noisy, level=np.repeat([0.0, 0.3], 5))
    assert (made[:5] == noisy[:5]).all()
    assert (made[5:] != noisy[5:]).all()


def test_ends_of_columns_with_units_of_their_own_are_refused(table):
    with pytest.raises(ParameterError, match="cut is True; expected False"):
        im.Denoiser(cut=True, trainer=QUICK).fit(table[:300])


def test_what_is_saved_is_what_was_learnt_and_not_what_parameters_say_now(digits, tmp_path):
    denoiser = im.Denoiser(trainer=QUICK, refining_steps=5).fit(digits[:300])
    noisy = denoiser.with_noise(digits[1400:1410], 40.0)
    before = denoiser.denoise(noisy)
    denoiser.set_params(refining_steps=0, cut=True)
    assert (denoiser.denoise(noisy) == before).all()
    assert (im.load(denoiser.save(tmp_path / "denoiser")).denoise(noisy) == before).all()


def test_loading_leaves_the_users_random_numbers_alone(of_pictures, tmp_path):
    folder = of_pictures.save(tmp_path / "denoiser")
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    im.load(folder)
    assert (torch.rand(3) == expected).all()


def test_files_with_arrays_of_other_shapes_are_refused(of_pictures, tmp_path):
    denoiser = clone(of_pictures)
    denoiser.__dict__ |= of_pictures.__dict__
    denoiser.axes_ = replace(of_pictures.axes_, mean=of_pictures.axes_.mean[:-1])
    with pytest.raises(SavedModelError, match="expected rows of 64 values"):
        im.load(denoiser.save(tmp_path / "denoiser"))


def test_noise_beyond_where_a_models_values_end_is_cut_off_there(digits):
    rows = digits.astype(np.float64) / 255
    model = im.AE(8, likelihood="bernoulli", trainer=QUICK, random_state=0)
    denoiser = im.Denoiser(model, refining_steps=5).fit(rows[:400])
    noisy = rows[1400:1420] + 0.2 * np.random.default_rng(0).standard_normal((20, 8, 8))
    assert noisy.min() < 0 < 1 < noisy.max()
    made = denoiser.denoise(noisy)
    assert made.min() >= 0
    assert made.max() <= 1
    assert error(made, rows[1400:1420]) < error(noisy, rows[1400:1420])


def test_constant_columns_do_not_make_noise_look_weaker(table):
    rows = np.column_stack([table, np.zeros((len(table), 6))])
    denoiser = im.Denoiser(trainer=QUICK).fit(rows[:1000])
    for level in (0.1, 0.5):
        assert denoiser.noise_level(denoiser.with_noise(rows[1000:], level)) == pytest.approx(level, rel=0.08)
