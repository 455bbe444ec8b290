"""Traversals: which numbers of a code matter, how far they go, and what is refused."""

import numpy as np
import pytest
from PIL import Image

import isthmus as im
from isthmus.errors import DataError, NotAvailableError, ParameterError
from isthmus.metrics.latent_usage import usage_of


@pytest.fixture(scope="module")
def digits():
    return im.data.load("digits", "train").take(range(300))


@pytest.fixture(scope="module")
def vae(digits):
    return im.VAE(6, trainer=im.Trainer(epochs=10), random_state=0).fit(digits)


def test_numbers_are_ranked_by_kl_and_go_as_far_as_codes_do(vae, digits):
    found = im.traversals(vae, digits, top=4, steps=7)
    kl, codes = usage_of(vae, digits).kl, vae.transform(digits)
    assert [walk.number for walk in found.walks] == np.argsort(-kl)[:4].tolist()
    for walk in found.walks:
        assert walk.use == pytest.approx(kl[walk.number])
        assert walk.values[[0, -1]] == pytest.approx(np.percentile(codes[:, walk.number], [1, 99]), rel=1e-5)
        moved = np.repeat(codes.mean(0)[None], 7, axis=0)
        moved[:, walk.number] = walk.values
        assert np.allclose(vae.inverse_transform(moved), walk.examples, atol=1e-3)
    assert "and 2 less used" in found.as_text()


def test_effects_are_what_pca_loses():
    """Of a linear model with a fixed variance the effect of a number is half its variance in x, in nats."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 2)) @ np.diag([3.0, 0.5]) @ np.array([[1.0, 1, 0, 0], [0, 0, 1, -1]])
    model = im.AE(2, trainer=im.Trainer(epochs=5), random_state=0).fit(x)
    found = im.traversals(model, x, steps=3)
    assert found.use == "effect"
    held, lost = model.transform(x), []
    for walk in found.walks:
        other = held.copy()
        other[:, walk.number] = held[:, walk.number].mean()
        error = [np.square(x - model.inverse_transform(codes)).sum(1).mean() for codes in (held, other)]
        lost.append(error[1] - error[0])
    assert lost[0] > lost[1]
    assert found.walks[0].use > found.walks[1].use > 0


def test_codes_of_the_prior_where_there_are_no_rows(vae, digits):
    found = im.traversals(vae, top=2, steps=3)
    assert found.use == "effect"
    assert found.walks[0].values[0] == pytest.approx(-2.33, abs=0.3)
    assert (im.traversals(vae, top=2, steps=3).walks[0].examples == found.walks[0].examples).all()
    with pytest.raises(ParameterError, match="no prior"):
        im.traversals(im.AE(2, trainer=im.Trainer(epochs=1)).fit(digits))


def test_pictures(vae, digits, tmp_path):
    found = im.traversals(vae, digits, top=3, steps=4)
    assert found.strip().size == (4 * 10 * 3, 3 * 10 * 3)
    with Image.open(found.gif(tmp_path / "walks.gif")) as made:
        assert made.n_frames == 6
    table = im.AE(2, trainer=im.Trainer(epochs=1)).fit(digits.values[:, :5])
    with pytest.raises(DataError, match="no pictures"):
        im.traversals(table, digits.values[:, :5]).strip()


def test_conditional_models_are_told(digits):
    model = im.CVAE(2, trainer=im.Trainer(epochs=1)).fit(digits, digits.labels)
    found = im.traversals(model, digits, steps=3, condition=digits.labels[0])
    assert found.use == "KL"
    assert len(found.walks) == 2
    strict = im.CVAE(2, condition_dropout=0.0, trainer=im.Trainer(epochs=1)).fit(digits, digits.labels)
    with pytest.raises(ParameterError, match="pass condition="):
        im.traversals(strict, digits)


def test_what_is_refused(vae, digits):
    with pytest.raises(ParameterError, match="are discrete"):
        im.traversals(im.FSQVAE(trainer=im.Trainer(epochs=1)).fit(digits), digits)
    with pytest.raises(NotAvailableError, match="back to x"):
        im.traversals(im.TableMAE(4, trainer=im.Trainer(epochs=1)).fit(digits.values[:, :6]), digits.values[:, :6])
    with pytest.raises(ParameterError, match="top is 0[^$]*steps is 1"):
        im.traversals(vae, digits, top=0, steps=1)
    with pytest.raises(DataError):
        im.traversals(vae, digits.values[:, :3])
