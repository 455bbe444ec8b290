"""Layer-wise pretraining does what it says, and helps; the RBM against brute force."""

import itertools

import numpy as np
import pytest
import torch

import isthmus as im
from isthmus.data import load
from isthmus.errors import ParameterError, UnknownNameError
from isthmus.layers.restricted_boltzmann import RestrictedBoltzmann
from isthmus.metrics.scorecard import Scorecard
from isthmus.training.random_stream import RandomStream


def states(count):
    return torch.tensor(list(itertools.product([0.0, 1.0], repeat=count)))


def energy(machine, v, h):
    return -(h @ machine.weight @ v) - machine.hidden_bias @ h - machine.visible_bias @ v


def test_free_energy_by_enumeration():
    with RandomStream(0):
        machine = RestrictedBoltzmann(3, 4)
        for parameter in machine.parameters():
            torch.nn.init.normal_(parameter)
    with torch.no_grad():
        for v in states(3):
            wanted = -torch.logsumexp(torch.stack([-energy(machine, v, h) for h in states(4)]), 0)
            assert machine.free_energy(v[None]).item() == pytest.approx(wanted.item(), abs=1e-4)
            weights = torch.stack([-energy(machine, v, h) for h in states(4)]).softmax(0)
            assert torch.allclose(machine.hidden_mean(v[None])[0], weights @ states(4), atol=1e-5)


def log_likelihood(machine, v):
    """Exact, by enumerating all visible states."""
    partition = torch.logsumexp(-machine.free_energy(states(v.shape[1])), 0)
    return (-machine.free_energy(v) - partition).mean().item()


@pytest.mark.parametrize("sweeps", [1, 5])
def test_contrastive_divergence_raises_the_exact_likelihood(sweeps):
    patterns = torch.tensor([[1.0, 1, 0, 0], [0, 0, 1, 1]]).repeat(50, 1)
    with RandomStream(0):
        machine = RestrictedBoltzmann(4, 3)
        before = log_likelihood(machine, patterns)
        for _ in range(1500):
            machine.step(patterns, learning_rate=0.1, sweeps=sweeps)
    after = log_likelihood(machine, patterns)
    assert before == pytest.approx(-4 * np.log(2), abs=0.1)  # nothing known: 4 bits
    assert after > -1.1  # two patterns cost log 2 = 0.69 nats


def test_gaussian_units_have_a_quadratic_free_energy():
    machine = RestrictedBoltzmann(2, 2, visible="gaussian", hidden="gaussian")
    with torch.no_grad():
        v = torch.tensor([[0.5, -1.0]])
        field = v @ machine.weight.T
        assert machine.free_energy(v).item() == pytest.approx(
            (0.5 * v.square().sum() - 0.5 * field.square().sum()).item(), abs=1e-5
        )
    with pytest.raises(ParameterError, match="Did you mean 'binary'"):
        RestrictedBoltzmann(2, 2, visible="binry")


@pytest.fixture(scope="module")
def digits():
    return load("digits", "train"), load("digits", "test")


def ratio(digits, **parameters):
    train, test = digits
    trainer = im.Trainer(epochs=60, validation=0)
    model = im.StackedAE(8, hidden=(128, 64, 32), trainer=trainer, **parameters).fit(train)
    return Scorecard.measure(model, train, test).ratio


@pytest.mark.parametrize("tied", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "pretrain",
    ["autoencoder", pytest.param("denoising", marks=pytest.mark.slow), pytest.param("rbm", marks=pytest.mark.slow)],
)
def test_pretraining_helps_deep_sigmoid_networks(digits, pretrain, tied):
    with_it = [ratio(digits, pretrain=pretrain, tied=tied, random_state=seed) for seed in range(3)]
    without = [ratio(digits, pretrain="none", tied=tied, random_state=seed) for seed in range(3)]
    assert max(with_it) < 0.8 * min(without)


def test_tied_weights_stay_tied_and_need_the_encoder(digits, tmp_path):
    train, test = digits
    model = im.StackedAE(2, hidden=(8,), tied=True, trainer=im.Trainer(epochs=1, validation=0)).fit(train)
    decoder, encoder = model.autoencoder_.decoder, model.autoencoder_.encoder
    assert len(list(decoder.weights)) == 0
    before = decoder(_code(), None)
    with torch.no_grad():
        encoder.linears[0].weight.mul_(2.0)
    assert not torch.equal(decoder(_code(), None), before)
    loaded = im.load(model.save(tmp_path / "m"))
    assert (loaded.reconstruct(test) == model.reconstruct(test)).all()


def _code():
    from isthmus.records import Code

    return Code(z=torch.ones(3, 2))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"pretrain": "rmb"}, "Did you mean 'rbm'"),
        ({"pretrain": "rbm", "activation": "tanh"}, "units of an RBM are sigmoid"),
        ({"pretrain_steps": 0}, "pretrain_steps is 0"),
        ({"hidden": (0,)}, "hidden is"),
        ({"likelihood": {"name": "gaussian", "variance": "per_value"}}, "outputs is 2"),
        ({"activation": "sigmod"}, "Did you mean 'sigmoid'"),
    ],
)
def test_wrong_parameters(digits, parameters, message):
    with pytest.raises((ParameterError, UnknownNameError), match=message):
        im.StackedAE(2, **parameters).fit(digits[0])
