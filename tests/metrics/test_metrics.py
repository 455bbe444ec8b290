"""Metrics against hand computations and other libraries."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.metrics import mean_squared_error as sklearn_mse

import isthmus as im
from isthmus.data import load, read
from isthmus.errors import DataError, ParameterError
from isthmus.metrics.latent_usage import latent_usage
from isthmus.metrics.neighbours import knn_accuracy, trustworthiness
from isthmus.metrics.reconstruction import bits_per_dim, errors_by_example, mean_squared_error, psnr
from isthmus.metrics.scorecard import Scorecard
from isthmus.metrics.sparsity import active_units, dead_units, feature_recovery
from isthmus.records import Batch

RNG = np.random.default_rng(0)


def test_squared_error_is_scikit_learns():
    a, b = RNG.normal(size=(9, 4)), RNG.normal(size=(9, 4))
    assert mean_squared_error(a, b) == pytest.approx(sklearn_mse(a, b))
    assert errors_by_example(a, b).mean() == pytest.approx(sklearn_mse(a, b))


@given(st.floats(0.01, 1.0), st.floats(0.5, 300.0))
def test_psnr_does_not_depend_on_the_unit(error, unit):
    assert psnr([[0.0]], [[error * unit]], data_range=unit) == pytest.approx(-20 * math.log10(error), abs=1e-6)


def test_psnr_of_equals_is_infinite():
    assert psnr([[1.0]], [[1.0]], data_range=1.0) == math.inf


@given(st.integers(1, 50), st.integers(2, 300))
def test_a_uniform_distribution_over_levels_costs_their_logarithm(dims, levels):
    assert bits_per_dim([-dims * math.log(levels)], dims) == pytest.approx(math.log2(levels))


def test_neighbours():
    x = RNG.normal(size=(60, 3))
    y = (x[:, 0] > 0).astype(int)
    assert knn_accuracy(x, y, x, y, k=1) == 1.0
    assert knn_accuracy(x, y, -x, y, k=1) < 0.2
    assert trustworthiness(x, 2 * x) == 1.0
    assert trustworthiness(x, RNG.normal(size=(60, 2))) < 0.7


def test_sparsity():
    codes = np.array([[0.0, 1.0, 0.0], [0.0, 2.0, -1.0]])
    assert active_units(codes) == 1.5
    assert dead_units(codes) == 1
    true = np.eye(3)
    found = feature_recovery(np.array([[0, 2.0, 0], [1.0, 0, 0], [0.5, 0.5, 0.7]]), true)
    assert found.share == pytest.approx(2 / 3)
    assert found.mean_cosine == pytest.approx((2 + 0.7 / math.sqrt(0.99)) / 3)
    assert feature_recovery(true[:1], true).share == pytest.approx(1 / 3)  # fewer learnt than true: a match each


def test_latent_usage_counts_what_varies():
    x = RNG.normal(size=(300, 2)) @ RNG.normal(size=(2, 6))
    model = im.VAE(latent_dim=4, trainer=im.Trainer(epochs=40, validation=0)).fit(x)
    stored = model.schema_.store(read(x))
    noise = torch.randn(3, 150, 4, generator=torch.Generator().manual_seed(0))
    usage = latent_usage(model.autoencoder_, [(Batch(x=stored[:150]), noise), (Batch(x=stored[150:]), noise)])
    assert usage.kl.shape == (4,)
    assert (usage.kl >= 0).all()
    whole = latent_usage(model.autoencoder_, [(Batch(x=stored), noise.repeat(1, 2, 1))])
    assert np.allclose(usage.kl, whole.kl)
    assert 2 <= usage.active_units <= 4
    with pytest.raises(ParameterError, match="prior"):
        latent_usage(im.AE(2, trainer=im.Trainer(epochs=1, validation=0)).fit(x).autoencoder_, [])


def test_the_scorecard_measures_pca_as_scikit_learn_does():
    train, test = load("digits", "train"), load("digits", "test")
    model = im.AE(5, trainer=im.Trainer(epochs=1, validation=0)).fit(train)
    card = Scorecard.measure(model, train, test)
    pca = PCA(5).fit(train.values)
    error = sklearn_mse(test.values, pca.inverse_transform(pca.transform(test.values)))
    scale = model.schema_.scale[0]
    assert card.pca_mse == pytest.approx(error / scale**2, rel=1e-6)
    assert card.mse == pytest.approx(sklearn_mse(test.values, model.reconstruct(test)) / scale**2, rel=1e-6)
    assert card.ratio == pytest.approx(card.mse / card.pca_mse)
    assert card.elbo is None
    assert "PCA-5" in card.as_text()
    assert card.to_json()["ratio"] == card.ratio
    with pytest.raises(DataError, match="no test rows"):
        Scorecard.measure(model, train, test.take([]))
