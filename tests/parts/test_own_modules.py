"""Networks of the user's own, whose codes have places."""

import numpy as np
import pytest
import torch
from torch import nn

import isthmus as im
from isthmus.encoders.module import Module
from isthmus.errors import ParameterError
from isthmus.records import View

TRAINER = im.Trainer(epochs=1, validation=0, compile=False)
PICTURES = np.random.default_rng(0).integers(0, 256, (64, 8, 12), dtype=np.uint8)


def convolutions():
    encoder = nn.Sequential(nn.Conv2d(1, 8, 4, 2, 1), nn.ReLU(), nn.Conv2d(8, 3, 4, 2, 1))
    decoder = nn.Sequential(nn.ConvTranspose2d(3, 8, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(8, 1, 4, 2, 1))
    return encoder, decoder


def places():
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(96, 15), nn.Unflatten(1, (5, 3)))
    decoder = nn.Sequential(nn.Flatten(), nn.Linear(15, 96))
    return encoder, decoder


@pytest.mark.parametrize(("network", "grid"), [(convolutions, (2, 3)), (places, (5,))])
@pytest.mark.parametrize("name", ["AE", "VAE", "VQVAE"])
def test_codes_have_places(name, network, grid):
    model = getattr(im, name)(3, network=network(), likelihood="bernoulli", trainer=TRAINER).fit(PICTURES)
    assert model.autoencoder_.code_shape == (*grid, 3)
    codes = model.transform(PICTURES)
    assert codes.shape == (64, 3 * np.prod(grid))
    assert np.allclose(model.inverse_transform(codes), model.reconstruct(PICTURES), atol=1)


def test_symbols_are_those_of_places():
    model = im.VQVAE(3, network=convolutions(), likelihood="bernoulli", trainer=TRAINER).fit(PICTURES)
    assert model.symbols(PICTURES).shape[:3] == (64, 2, 3)


def test_it_is_the_users_convolution():
    encoder, _ = convolutions()
    wrapped = Module(encoder, in_shape=(1, 8, 12), out_dim=3)
    x = torch.randn(2, 1, 8, 12)
    assert torch.equal(wrapped(View(x=x)), encoder(x).permute(0, 2, 3, 1))


def test_a_module_without_a_batch_is_refused():
    with pytest.raises(ParameterError, match=r"gives \(192,\) for a batch of 2; expected \[batch, features\]"):
        Module(nn.Flatten(0), in_shape=(1, 8, 12), out_dim=3)
