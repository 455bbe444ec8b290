"""Rows that do not belong are not learnt."""

from dataclasses import replace

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


@given(st.lists(st.integers(-9, 9).map(float), min_size=1, max_size=30), st.floats(0, 0.99))
def test_the_mean_is_that_of_the_rows_that_cost_least(values, trim):
    """And of those that cost as much as the last of them."""
    kept = max(1, round(len(values) * (1 - trim)))
    left = [value for value in values if value <= sorted(values)[kept - 1]]
    assert cost(values, trim).mean().item() == pytest.approx(np.mean(left), rel=1e-4, abs=1e-4)


def test_rows_that_are_left_out_have_no_gradient():
    rows = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32)
    rows[:4] *= 20
    model = im.TrimmedAE(2, trim=0.2, trainer=im.Trainer(epochs=1, validation=0)).fit(rows).autoencoder_.train()
    x = torch.from_numpy((rows - rows.mean(0)) / rows.std())
    trace = model(Batch(x=x))
    output = trace.output.detach().requires_grad_()
    judged = replace(trace, output=output, log_likelihood=model.likelihood.log_prob(output, x))
    (gradient,) = torch.autograd.grad(model.loss(judged).total, output)
    costs, sizes = -judged.log_likelihood, gradient.flatten(1).abs().sum(1)
    assert (sizes[costs.argsort()[32:]] == 0).all()
    assert (sizes[costs.argsort()[:32]] > 0).all()


def test_a_variance_of_all_rows_is_refused():
    with pytest.raises(ParameterError, match=r"TrimmedAE: likelihood is 'gaussian'.* 'relative'"):
        im.TrimmedAE(2, likelihood="gaussian").fit(np.random.default_rng(0).normal(size=(20, 3)))


@pytest.mark.parametrize("trim", [-0.1, 1.0])
def test_a_share_is_checked(trim):
    with pytest.raises(ParameterError, match=str(trim)):
        TrimmedReconstruction(trim)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))])
def test_rows_that_belong_are_rebuilt_better_and_others_worse(seed):
    """A curve in a box full of other rows, one in six."""
    generator = np.random.default_rng(seed)
    t = generator.uniform(-2, 2, size=(400, 1))
    curve = np.concatenate([t, t**2 - 1, np.sin(2 * t), np.cos(2 * t)], axis=1)
    rows = np.concatenate([curve + 0.05 * generator.normal(size=curve.shape), generator.uniform(-6, 6, size=(80, 4))])
    trainer = im.Trainer(epochs=200, batch_size=96, learning_rate=1e-2, validation=0, mix=0, noise=0)
    network = {"name": "mlp", "hidden": (64,), "activation": "tanh", "linear_path": "trained"}
    errors = {}
    for trim in (0.0, 0.25):
        model = im.TrimmedAE(1, trim=trim, network=network, trainer=trainer, random_state=seed)
        rebuilt = model.fit(rows.astype(np.float32)).reconstruct(rows)
        errors[trim] = np.square(rebuilt - rows).sum(1)
    assert errors[0.25][:400].mean() < 0.8 * errors[0.0][:400].mean()
    assert errors[0.25][400:].mean() > 1.15 * errors[0.0][400:].mean()


def test_few_rows_among_copies_of_one_are_strange():
    generator = np.random.default_rng(0)
    known, others = np.tile(generator.normal(size=(1, 12)), (500, 1)), generator.normal(size=(3, 12))
    model = im.TrimmedAE(3, trainer=im.Trainer(epochs=30, validation=0)).fit(np.concatenate([known, others]))
    assert model.score_samples(others).max() < model.score_samples(known).min() - 1
