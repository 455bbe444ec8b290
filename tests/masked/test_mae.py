"""The masked autoencoder on pictures: what is visible stays, what is hidden is not known."""

import numpy as np
import pandas
import pytest

import isthmus as im
from isthmus.errors import DataError, IsthmusError, ParameterError
from isthmus.report.page import write

NETWORK = {"name": "vit", "width": 16, "depth": 1, "heads": 2}


def quick(epochs=2):
    return im.Trainer(epochs=epochs, validation=0, compile=False)


@pytest.fixture(scope="module")
def pictures():
    return (im.data.load("digits").values[:300] * 15).astype(np.uint8).reshape(-1, 8, 8)


@pytest.fixture(scope="module")
def model(pictures):
    return im.MAE(16, network=NETWORK, trainer=quick(5)).fit(pictures)


def test_pictures_in_bf16(pictures):
    trainer = im.Trainer(epochs=2, validation=0, compile=False, precision="bf16")
    model = im.MAE(16, network=NETWORK, trainer=trainer).fit(pictures)
    first, last = model.history_.curve("training", "reconstruction")
    assert last < first


def test_what_is_visible_stays_as_it_is(model, pictures):
    hidden = model.draw_hidden(0.5, random_state=3)
    assert hidden.shape == (8, 8)
    assert hidden.mean() == 0.5
    filled = model.reconstruct(pictures[:9], hidden=hidden)
    assert np.array_equal(filled[:, ~hidden].round(), pictures[:9][:, ~hidden])
    assert not np.allclose(filled[:, hidden], pictures[:9][:, hidden], atol=1)
    assert np.array_equal(filled, model.reconstruct(pictures[:9], hidden=0.5, random_state=3))
    assert not np.array_equal(filled, model.reconstruct(pictures[:9], hidden=0.5, random_state=4))


def test_what_is_hidden_is_not_known(model, pictures):
    """Neither the values nor their mean or spread: pictures that differ where they are hidden are filled in alike."""
    hidden = model.draw_hidden(random_state=1)
    assert hidden.mean() == 0.75
    other = np.where(hidden, 255 - pictures[:9], pictures[:9])
    first, second = (model.reconstruct(each, hidden=hidden) for each in (pictures[:9], other))
    assert np.array_equal(first, second)


def test_a_hole_of_any_shape_is_filled_and_nothing_else_is_touched(model, pictures):
    hole = np.zeros((8, 8), dtype=bool)
    hole[3:6, 1] = True  # touches two patches of 2 x 2
    filled = model.reconstruct(pictures[:9], hidden=hole)
    assert np.array_equal(filled[:, ~hole].round(), pictures[:9][:, ~hole])
    nothing = model.reconstruct(pictures[:9], hidden=np.zeros((8, 8), dtype=bool))
    assert np.array_equal(nothing.round(), pictures[:9])


def test_features_are_those_of_the_whole_picture(model, pictures):
    of_patches = model.patch_features(pictures[:9])
    assert of_patches.shape == (9, 4, 4, 16)
    assert np.allclose(model.transform(pictures[:9]), of_patches.mean((1, 2)), atol=1e-6)
    changed = pictures[:9].copy()
    changed[:, 7, 7] = 255 - changed[:, 7, 7]
    assert (np.abs(model.transform(changed) - model.transform(pictures[:9])).max(1) > 0).all()


@pytest.mark.parametrize("shape", [(8, 12), (12, 8, 3), (10, 6), (9, 15)])
def test_pictures_of_any_size_and_number_of_channels(shape):
    x = np.random.default_rng(0).integers(0, 256, (40, *shape), dtype=np.uint8)
    model = im.MAE(8, network=NETWORK, trainer=quick()).fit(x)
    assert model.transform(x).shape == (40, 8)
    filled = model.reconstruct(x)
    assert filled.shape == x.shape
    unchanged = (filled.round() == x).mean()
    assert 0.1 < unchanged < 0.6  # about a quarter is visible
    assert np.isfinite(model.score_samples(x)).all()


def test_an_odd_picture_scores_low(model, pictures):
    """Filled in from the rest, upside-down values are far off; the first 300 were trained on, the others not."""
    usual = (im.data.load("digits").values[300:400] * 15).astype(np.uint8).reshape(-1, 8, 8)
    assert model.score(usual) > model.score(255 - usual)
    assert model.score(usual) == pytest.approx(model.score_samples(usual).mean(), rel=1e-5)


def test_scores_are_in_the_units_of_the_data():
    """In units of a tenth each value costs log(10) more, once."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 4)) @ rng.normal(size=(4, 8))
    plain, other = (im.MAE(4, trainer=quick()).fit(each) for each in (x, 10 * x))
    expected = plain.score_samples(x) - 8 * np.log(10)
    assert np.allclose(other.score_samples(10 * x), expected, atol=1e-3)


def test_scores_do_not_depend_on_how_much_was_hidden_in_training(pictures):
    """Each value counts once, given half of the others: a search does not find that hiding less is better."""
    scores = [im.MAE(16, ratio=r, network=NETWORK, trainer=quick(5)).fit(pictures).score(pictures) for r in (0.3, 0.8)]
    assert abs(scores[0] - scores[1]) < 0.25 * abs(scores[0])


@pytest.mark.parametrize("column", ["a", "b", "c", "d", "sum"])
def test_a_column_is_told_by_the_others_however_many_are_hidden(plant, column):
    """All of one hidden factor: with a perceptron that took blanks for means errors added up beyond the spread."""
    model, table, test = plant
    truth, spread = test[column], np.square(test[column] - table[column].mean()).mean()
    for hidden in ([column], [column, *[name for name in table if name != column][:2]]):
        filled = model.reconstruct(test, hidden=hidden)
        assert list(filled.columns) == list(table.columns)
        seen = [name for name in table if name not in hidden]
        assert np.allclose(filled[seen], test[seen], atol=1e-4)
        assert np.square(filled[column] - truth).mean() < 0.35 * spread


@pytest.fixture(scope="module")
def plant():
    rng = np.random.default_rng(0)
    factor = rng.normal(size=(1500, 1))
    rows = factor * [2.0, -1.0, 0.5, 3.0] + rng.normal(size=(1500, 4)) * [0.6, 0.3, 0.15, 0.9]
    table = pandas.DataFrame(rows, columns=list("abcd"))
    table["sum"] = table["a"] + table["b"]
    train, test = table[:1200], table[1200:]
    return im.MAE(16, trainer=im.Trainer(epochs=80, learning_rate=3e-3, compile=False)).fit(train), train, test


def test_columns_are_meant_by_their_names(plant):
    model, _, test = plant
    wanted = model.reconstruct(test, hidden=np.array([True, False, False, False, False]))
    for hidden in ("a", ["a"], pandas.Series({"b": False, "a": True, "c": False})):
        assert model.reconstruct(test, hidden=hidden).equals(wanted)
    with pytest.raises(ParameterError, match="there is no column aa; the columns are a, b, c, d, sum"):
        model.reconstruct(test, hidden=["aa"])


def test_convolutions_see_blanked_pictures(pictures):
    model = im.MAE(8, network={"name": "conv", "channels": (4, 6)}, patch=4, trainer=quick()).fit(pictures)
    assert model.transform(pictures[:5]).shape == (5, 8)
    assert model.reconstruct(pictures[:5]).shape == (5, 8, 8)


def test_the_decoder_may_be_told_apart(pictures):
    network = {**NETWORK, "decoder": {"width": 8, "depth": 2}}
    found = im.MAE(16, network=network, trainer=quick()).fit(pictures).autoencoder_
    assert found.encoder.arguments["width"] == 16
    assert found.decoder.arguments["width"] == 8
    with pytest.raises(ParameterError, match="no parameter 'widht'"):
        im.MAE(16, network={**NETWORK, "decoder": {"widht": 8}}, trainer=quick()).fit(pictures)
    with pytest.raises(ParameterError, match="expected a mapping of arguments for the decoder"):
        im.MAE(16, network={**NETWORK, "decoder": "small"}, trainer=quick()).fit(pictures)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ratio": 1.0}, r"ratio is 1.0; expected a share in \(0, 1\)"),
        ({"patch": 3}, "cannot be cut into patches of 3, but into those of 1, 2, 4, 8"),
        ({"patch": 8}, "one patch of 8; nothing can be hidden"),
        ({"network": {"name": "vit", "patch": 4}}, "patch is 2, the encoder's is 4; expected the same"),
        ({"latent_dim": 0}, "latent_dim is 0"),
    ],
)
def test_what_cannot_be_is_refused(pictures, changed, said):
    with pytest.raises(IsthmusError, match=said):
        im.MAE(**{"network": NETWORK, "trainer": quick(), **changed}).fit(pictures)


@pytest.mark.parametrize(
    ("hidden", "said"),
    [
        (1.0, r"the patches to be hidden is 1.0; expected a number in \(0, 1\)"),
        (np.ones(1), "expected booleans"),
        (np.ones((8, 8), dtype=bool), "touches every patch of 2"),
        (np.ones((4, 4), dtype=bool), r"hidden is bool, \(4, 4\); expected booleans, \(8, 8\), names of columns"),
        (np.ones((8, 8)), "expected booleans"),
    ],
)
def test_a_part_that_cannot_be_hidden_is_refused(model, pictures, hidden, said):
    with pytest.raises(ParameterError, match=said):
        model.reconstruct(pictures[:3], hidden=hidden)


def test_pictures_without_equal_squares_are_refused_before_they_are_slow():
    with pytest.raises(DataError, match=r"13 x 17 cannot be cut .* crop or resize them \(size=\(12, 16\)"):
        im.MAE(8, network=NETWORK).fit(np.random.default_rng(0).integers(0, 256, (20, 13, 17), dtype=np.uint8))


def test_pictures_of_another_size_are_refused(model):
    with pytest.raises(DataError, match=r"\(6, 8\)"):
        model.transform(np.zeros((3, 6, 8), dtype=np.uint8))


def test_a_table_of_pixels_is_shown_as_pictures_in_the_report(tmp_path):
    pytest.importorskip("matplotlib")
    train, test = im.data.load("digits", "train").take(range(200)), im.data.load("digits", "test").take(range(60))
    model = im.MAE(8, trainer=quick()).fit(train)
    page = write(model, train=train, test=test, path=tmp_path / "report.html").read_text()
    assert "Filled in" in page
    assert "could not be made" not in page


@pytest.mark.parametrize("shape", [(6,), (5, 6), (2, 4, 4), (2, 3, 4, 4)])
def test_arrays_of_any_number_of_axes(shape):
    x = np.random.default_rng(0).normal(size=(40, *shape))
    model = im.MAE(4, trainer=quick()).fit(im.data.read(x, kind="table" if len(shape) == 1 else "array"))
    filled = model.reconstruct(x)
    assert filled.shape == x.shape
    kept = np.isclose(filled, x, atol=1e-5).reshape(40, -1).mean()
    assert 0.1 < kept < 0.6


def test_the_report_shows_what_was_filled_in(model, pictures, tmp_path):
    pytest.importorskip("matplotlib")
    labels = np.arange(300) % 3
    train, test = (im.data.read(pictures[part], labels=labels[part]) for part in (slice(200), slice(200, 300)))
    page = write(model, train=train, test=test, path=tmp_path / "report.html").read_text()
    assert "Filled in" in page
    assert "accuracy of a linear classifier" in page
    assert "Traversal" not in page
    assert "mean squared error" not in page
