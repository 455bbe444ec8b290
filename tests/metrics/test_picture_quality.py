"""Structural similarity by hand, and what the scorecard says of pictures and of random codes."""

import numpy as np
import pytest

import isthmus as im
from isthmus.errors import DataError
from isthmus.metrics.scorecard import Scorecard
from isthmus.metrics.structural_similarity import structural_similarity

NOISE = np.random.default_rng(0).uniform(size=(3, 1, 20, 20))


def test_flat_pictures_differ_by_their_light_alone():
    a, b = np.full((1, 1, 12, 12), 0.2), np.full((1, 1, 12, 12), 0.6)
    wanted = (2 * 0.2 * 0.6 + 1e-4) / (0.2**2 + 0.6**2 + 1e-4)
    assert structural_similarity(a, b, 1.0) == pytest.approx(wanted)


def test_it_is_symmetric_at_most_1_and_deaf_to_units():
    a, b = NOISE, np.roll(NOISE, 1, axis=0)
    assert structural_similarity(a, b, 1.0) == pytest.approx(structural_similarity(b, a, 1.0))
    assert structural_similarity(255 * a, 255 * b, 255.0) == pytest.approx(structural_similarity(a, b, 1.0))
    assert (structural_similarity(a, b, 1.0) < 0.2).all()


def test_more_noise_is_less_alike():
    other = np.random.default_rng(1).normal(size=NOISE.shape)
    found = [structural_similarity(NOISE, NOISE + level * other, 1.0).mean() for level in (0, 0.05, 0.1, 0.3)]
    assert found == sorted(found, reverse=True)


def test_small_pictures_are_refused():
    with pytest.raises(DataError, match="expected two times .* of 11 x 11 pixels or more"):
        structural_similarity(np.zeros((1, 1, 8, 8)), np.zeros((1, 1, 8, 8)), 1.0)


@pytest.mark.parametrize("shape", [(24, 12, 12), (24, 12, 12, 3), (24, 8, 8)])
def test_the_scorecard_tells_of_pictures_and_codes(shape):
    x = im.data.read(np.random.default_rng(0).integers(0, 255, size=shape, dtype=np.uint8))
    model = im.VAE(2, trainer=im.Trainer(epochs=1)).fit(x)
    card = Scorecard.measure(model, x, x)
    assert 5 < card.pictures.psnr < 20
    assert (card.pictures.ssim is None) == (shape[1] < 11)
    assert card.bits_per_dim == pytest.approx(-card.log_likelihood / np.prod(shape[1:]) / np.log(2))
    assert 6 < card.bits_per_dim < 10  # noise of 8 bits
    told = card.as_text()
    for word in ("PSNR, dB", "bits for each number of x", "mutual information", "active units"):
        assert word in told
    assert card.to_json()["information"]["units"] == 2
