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
    """In units of a tenth each value costs log(10) more, in the ways of hiding in which it is hidden."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 4)) @ rng.normal(size=(4, 8))
    plain, other = (im.MAE(4, trainer=quick()).fit(each) for each in (x, 10 * x))
    # of 8 columns 2 are visible in each of 4 ways: each is hidden in 3
    expected = plain.score_samples(x) - 0.75 * 8 * np.log(10)
    assert np.allclose(other.score_samples(10 * x), expected, atol=1e-3)


def test_gaps_of_a_table_are_filled_from_the_other_columns():
    """A column that is the sum of two others: filled in, it is closer to the truth than the mean of the column."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(1500, 2))
    table = pandas.DataFrame({"a": rows[:, 0], "b": rows[:, 1], "sum": rows.sum(1), "a again": rows[:, 0]})
    train, test = table[:1000], table[1000:]
    model = im.MAE(8, ratio=0.5, trainer=im.Trainer(epochs=60, learning_rate=3e-3, compile=False)).fit(train)
    filled = model.reconstruct(test, hidden=np.array([False, False, True, False]))
    assert list(filled.columns) == list(table.columns)
    assert np.allclose(filled["a"], test["a"], atol=1e-5)
    error = np.square(filled["sum"] - test["sum"]).mean()
    assert error < 0.1 * np.square(test["sum"] - train["sum"].mean()).mean()


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
        ({"patch": 3}, "cannot be cut into patches of 3"),
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
        (1.0, r"expected a share in \(0, 1\)"),
        (np.ones((8, 8), dtype=bool), "touches every patch of 2"),
        (np.ones((4, 4), dtype=bool), r"hidden is bool, \(4, 4\); expected booleans, \(8, 8\), or a share"),
        (np.ones((8, 8)), "expected booleans"),
    ],
)
def test_a_part_that_cannot_be_hidden_is_refused(model, pictures, hidden, said):
    with pytest.raises(ParameterError, match=said):
        model.reconstruct(pictures[:3], hidden=hidden)


def test_pictures_of_another_size_are_refused(model):
    with pytest.raises(DataError, match=r"\(6, 8\)"):
        model.transform(np.zeros((3, 6, 8), dtype=np.uint8))


def test_the_report_shows_what_was_filled_in(model, pictures, tmp_path):
    pytest.importorskip("matplotlib")
    labels = np.arange(300) % 3
    train, test = (im.data.read(pictures[part], labels=labels[part]) for part in (slice(200), slice(200, 300)))
    page = write(model, train=train, test=test, path=tmp_path / "report.html").read_text()
    assert "Filled in" in page
    assert "accuracy of a linear classifier" in page
    assert "Traversal" not in page
    assert "mean squared error" not in page
