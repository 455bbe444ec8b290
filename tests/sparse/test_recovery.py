"""Known features are found again, and without a driver of sparsity there is nothing to find."""

import numpy as np
import pytest

import isthmus as im
from isthmus.metrics.sparsity import active_units, feature_recovery

DIM, FEATURES, ACTIVE = 32, 64, 3


def sparse_data(seed, count=20_000):
    """Sums of few of many unit-norm features."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(FEATURES, DIM))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    chosen = rng.random((count, FEATURES)).argpartition(ACTIVE, axis=1)[:, :ACTIVE]
    amounts = np.zeros((count, FEATURES))
    np.put_along_axis(amounts, chosen, rng.uniform(0.5, 1.5, (count, ACTIVE)), axis=1)
    return amounts @ features, features


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))])
@pytest.mark.parametrize(
    "sparsity",
    [
        pytest.param("l1", marks=pytest.mark.slow),
        pytest.param("threshold", marks=pytest.mark.slow),
        pytest.param("kl_sparse", marks=pytest.mark.slow),
        pytest.param({"name": "top_k", "k": ACTIVE}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_known_features_are_recovered(sparsity, seed):
    x, features = sparse_data(seed)
    model = im.SAE(2 * FEATURES, sparsity=sparsity, random_state=seed).fit(x)
    found = feature_recovery(model.autoencoder_.decoder.atoms.detach().numpy(), features)
    assert found.share >= 0.95
    if sparsity == {"name": "top_k", "k": ACTIVE}:
        assert active_units(model.transform(x[:1000])) <= ACTIVE


def test_without_a_driver_the_code_is_dense_and_rebuilds_everything():
    x, features = sparse_data(0, count=4000)
    model = im.SAE(2 * DIM, sparsity="none").fit(x[:3000])
    error = np.square(model.reconstruct(x[3000:]) - x[3000:]).mean() / x.var()
    assert error < 1e-3
    assert active_units(model.transform(x[3000:])) > 0.99 * 2 * DIM
    assert feature_recovery(model.autoencoder_.decoder.atoms.detach().numpy(), features).share < 0.3
