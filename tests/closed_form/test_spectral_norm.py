"""Layers whose weights have a spectral norm of 1, and the decoder that is held by them."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import isthmus as im
from isthmus.errors import ParameterError
from isthmus.layers.spectral_norm import SpectralNorm, with_spectral_norm


def settled(layer, shape):
    normed = SpectralNorm(layer).train()
    for _ in range(200):
        normed(torch.zeros(shape))
    return normed.eval()


LAYERS = [
    (nn.Linear(5, 4), (1, 5), lambda w: w),
    (nn.Conv2d(3, 4, 3, padding=1), (1, 3, 6, 6), lambda w: w.flatten(1)),
    (nn.ConvTranspose2d(3, 4, 4, stride=2, padding=1), (1, 3, 6, 6), lambda w: w.transpose(0, 1).flatten(1)),
]


@pytest.mark.parametrize(("layer", "shape", "matrix"), LAYERS)
def test_it_is_the_layer_over_its_largest_singular_value(layer, shape, matrix):
    normed, x = settled(layer, shape), torch.randn(2, *shape[1:], generator=torch.Generator().manual_seed(0))
    size = torch.linalg.matrix_norm(matrix(layer.weight), 2)
    with torch.no_grad():
        wanted = (layer(x) - layer(0 * x)) / size
        assert torch.allclose(normed(x) - normed(0 * x), wanted, atol=1e-4)


def test_all_layers_are_normed_and_none_begins_at_nothing():
    zero = nn.Linear(3, 3)
    nn.init.zeros_(zero.weight)
    made = with_spectral_norm(nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.Tanh(), zero)))
    assert bool(made(torch.randn(4, 2)).isfinite().all())
    assert sum(isinstance(part, SpectralNorm) for part in made.modules()) == 2
    assert with_spectral_norm(made) is made
    assert sum(isinstance(part, SpectralNorm) for part in made.modules()) == 2  # once is enough


NETWORKS = [{"name": "mlp", "hidden": (32, 16)}, {"name": "conv", "channels": (4, 6)}]


def norms(model):
    """The spectral norms by which the decoder's held layers act."""
    found = []
    for part in model.autoencoder_.decoder.modules():
        if isinstance(part, SpectralNorm):
            matrix = part._matrix()
            right = F.normalize(matrix.T @ part.left, dim=0)
            divisor = F.normalize(matrix @ right, dim=0) @ matrix @ right
            found.append((torch.linalg.matrix_norm(matrix, 2) / divisor).item())
    return found


@pytest.mark.parametrize("network", NETWORKS)
def test_a_trained_rae_keeps_its_norms_on_disk_too(network, tmp_path):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 255, size=(60, 12, 12), dtype=np.uint8)
    trainer = im.Trainer(epochs=20, batch_size=20, validation=0, compile=False)
    model = im.RAE(3, penalty="spectral", network=network, trainer=trainer).fit(x)
    again = im.load(model.save(tmp_path / "m"))
    assert (again.reconstruct(x) == model.reconstruct(x)).all()
    assert (again.transform(x) == model.transform(x)).all()
    assert len(norms(model)) >= 2
    assert norms(again) == norms(model)
    assert norms(model) == pytest.approx([1.0] * len(norms(model)), abs=0.1)
    assert set(model.history_.epochs[-1]["training"]) == {"reconstruction", "code_norm"}


def test_wrong_uses_are_refused_in_words():
    x = np.random.default_rng(0).normal(size=(40, 4))
    with pytest.raises(ParameterError, match="penalty is 'spectrum'; expected one of 'gradient', 'l2', 'spectral'"):
        im.RAE(2, penalty="spectrum").fit(x)
    with pytest.raises(ParameterError, match="with penalty='spectral' None"):
        im.RAE(2, penalty="spectral", smoothness=1.0).fit(x)
    with pytest.raises(ParameterError, match="is for 'mlp' and 'conv'"):
        im.RAE(2, penalty="spectral", network=(nn.Linear(4, 2), nn.Linear(2, 4))).fit(x)


@pytest.mark.parametrize("shape", [(28, 28), (32, 32, 3), (64, 64, 3), (96, 96)])
def test_pictures(shape):
    x = np.random.default_rng(0).integers(0, 255, size=(24, *shape), dtype=np.uint8)
    given = {"trainer": im.Trainer(epochs=1, validation=0, compile=False), "network": "conv"}
    found = im.RAE(2, penalty="spectral", **given).fit(x)
    assert found.reconstruct(x).shape == x.shape
    assert np.isfinite(found.score_samples(x)).all()
    assert found.fit_prior(x, prior="standard_normal").sample(2, random_state=0).shape == (2, *shape)
