"""What "auto" comes to by the data, and that widths are turned around for the decoder."""

import numpy as np
import pytest

import isthmus as im
from isthmus.architecture import Setting, make_networks, make_part
from isthmus.data import NumericSchema, read
from isthmus.errors import ParameterError, UnknownNameError


def setting(shape, rows, kind=np.uint8):
    values = np.random.default_rng(0).integers(0, 255, (4, *shape)).astype(kind)
    likelihood = make_part("likelihoods", "gaussian")
    return Setting(schema=NumericSchema.learn(read(values)), rows=rows, likelihood=likelihood)


def networks(network, given):
    return make_networks(network, given, latent_dim=2, features=2)


@pytest.mark.parametrize(
    ("rows", "hidden", "dropout", "coordinates"),
    [
        (200, (128, 128), 0.2, 64),
        (40, (128, 128), 0.2, 29),
        (5000, (256, 256), 0.0, 64),
        (20_000, (512, 512), 0.0, None),
    ],
)
def test_the_networks_size_follows_the_rows(rows, hidden, dropout, coordinates):
    given = networks("auto", setting((64,), rows, float)).encoder.arguments
    assert (given["hidden"], given["dropout"], given["coordinates"]) == (hidden, dropout, coordinates)


def test_convolutions_are_for_many_large_pictures_and_a_gpu(monkeypatch):
    large = setting((64, 64, 3), 5000)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    assert type(networks("auto", large).encoder).__name__ == "MLP"
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert type(networks("auto", large).encoder).__name__ == "Conv"
    assert type(networks("auto", setting((64, 64, 3), 100)).encoder).__name__ == "MLP"
    assert type(networks("auto", setting((8, 8), 5000)).encoder).__name__ == "MLP"


def test_widths_are_turned_around():
    made = networks({"name": "conv", "channels": (4, 8), "activation": "relu"}, setting((16, 16), 100))
    assert made.encoder.arguments["channels"] == (4, 8)
    assert made.decoder.arguments["channels"] == (8, 4)
    assert made.decoder.arguments["activation"] == "relu"


def test_wrong_networks_are_told():
    with pytest.raises(UnknownNameError, match="no parameter 'chanels'. Did you mean 'channels'"):
        networks({"name": "conv", "chanels": (4,)}, setting((16, 16), 100))
    with pytest.raises(ParameterError, match="bears"):
        networks({"name": "conv", "channels": (4, 4, 4, 4, 4, 4)}, setting((16, 16), 100))
    with pytest.raises(UnknownNameError, match="Did you mean 'conv'"):
        networks("conf", setting((16, 16), 100))


def test_likelihoods_follow_the_data():
    rng = np.random.default_rng(0)
    quick = im.Trainer(epochs=1, validation=0)
    binary, real = rng.integers(0, 2, (40, 5)), rng.normal(size=(40, 5))
    assert type(im.VAE(2, trainer=quick).fit(binary).autoencoder_.likelihood).__name__ == "Bernoulli"
    assert type(im.VAE(2, trainer=quick).fit(real).autoencoder_.likelihood).__name__ == "Gaussian"
    assert type(im.AE(2, trainer=quick).fit(binary).autoencoder_.likelihood).__name__ == "Gaussian"
    levels = im.VAE(2, likelihood="categorical", trainer=quick).fit(rng.integers(0, 7, (40, 5)))
    assert levels.autoencoder_.likelihood.levels == 7
