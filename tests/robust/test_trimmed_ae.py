"""Rows that do not belong are not learnt."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import isthmus as im
from isthmus.errors import ParameterError
from isthmus.records import Batch, Trace, View
from isthmus.terms.trimmed_reconstruction import TrimmedReconstruction


def cost(values, trim):
    x = torch.zeros(len(values), 1)
    code = None
    trace = Trace(batch=Batch(x=x), view=View(x=x), features=x, code=code, log_likelihood=-torch.tensor(values))
    return TrimmedReconstruction(trim)(trace, {})


@given(st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=30, unique=True), st.floats(0, 0.99))
def test_the_mean_is_that_of_the_rows_that_cost_least(values, trim):
    kept = max(1, round(len(values) * (1 - trim)))
    assert cost(values, trim).mean().item() == pytest.approx(np.sort(values)[:kept].mean(), rel=1e-4, abs=1e-3)


@pytest.mark.parametrize("trim", [-0.1, 1.0])
def test_a_share_is_checked(trim):
    with pytest.raises(ParameterError, match=str(trim)):
        TrimmedReconstruction(trim)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_rows_that_belong_are_rebuilt_better_and_others_worse(seed):
    """A curve in a box full of other rows, one in six."""
    generator = np.random.default_rng(seed)
    t = generator.uniform(-2, 2, size=(400, 1))
    curve = np.concatenate([t, t**2 - 1, np.sin(2 * t), np.cos(2 * t)], axis=1)
    rows = np.concatenate([curve + 0.05 * generator.normal(size=curve.shape), generator.uniform(-6, 6, size=(80, 4))])
    trainer = im.Trainer(epochs=100, batch_size=96, learning_rate=1e-2, validation=0, mix=0, noise=0)
    network = {"name": "mlp", "hidden": (32,), "activation": "tanh", "linear_path": "trained"}
    errors = {}
    for trim in (0.0, 0.25):
        model = im.TrimmedAE(1, trim=trim, network=network, trainer=trainer, random_state=seed)
        rebuilt = model.fit(rows.astype(np.float32)).reconstruct(rows)
        errors[trim] = np.square(rebuilt - rows).sum(1)
    assert errors[0.25][:400].mean() < 0.85 * errors[0.0][:400].mean()
    assert errors[0.25][400:].mean() > 1.03 * errors[0.0][400:].mean()
