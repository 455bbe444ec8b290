"""Members of an ensemble are what each would be alone, and leave out rows of their own."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import isthmus as im
from isthmus import catalogue
from isthmus.errors import ParameterError
from isthmus.layers.member_stack import MemberStack
from isthmus.records import Batch, View
from isthmus.training.resident import Resident
from isthmus.training.trainer import Trainer


def fitted(rows, **given):
    trainer = Trainer(epochs=2, batch_size=20, validation=0, mix=0.0, noise=0.0, compile=False)
    return im.TrimmedEnsemble(3, members=4, trainer=trainer, **given).fit(rows)


@pytest.fixture(scope="module")
def rows():
    return np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)


def test_a_stack_of_members_is_a_perceptron_for_each():
    stack, x = MemberStack(3, (5, 7, 2), "tanh"), torch.randn(3, 11, 5)
    for m in range(3):
        layers = []
        for linear in stack.linears:
            plain = nn.Linear(*linear.weight.shape[1:])
            with torch.no_grad():
                plain.weight.copy_(linear.weight[m].T)
                plain.bias.copy_(linear.each_bias[m])
            layers += [plain, nn.Tanh()]
        alone = nn.Sequential(*layers[:-1])
        assert torch.allclose(stack(x)[m], alone(x[m]), atol=1e-6)


def test_codes_have_their_widths(rows):
    codes = fitted(rows).transform(rows).reshape(60, 4, 3)
    used = (np.abs(codes).max(0) > 0).sum(1)
    assert used.tolist() == [3, 2, 1, 3]


def test_no_member_sees_another():
    encoder = catalogue.make("encoders", "ensemble", {"in_shape": (5,), "out_dim": 2, "members": 3})
    decoder = catalogue.make("decoders", "ensemble", {"latent_dim": 2, "out_shape": (5,), "members": 3, "outputs": 3})
    x = torch.randn(4, 5)
    features = encoder(View(x=x))
    output = decoder(replace(im.records.Code(z=features)), None)
    (gradient,) = torch.autograd.grad(output[:, 1].sum(), features)
    assert (gradient[:, [0, 2]] == 0).all()
    assert (gradient[:, 1] != 0).any()


def test_far_values_are_seen_at_the_limit():
    encoder = catalogue.make("encoders", "ensemble", {"in_shape": (2,), "out_dim": 1, "members": 2})
    assert torch.equal(encoder(View(x=torch.tensor([[8.0, 0]]))), encoder(View(x=torch.tensor([[1e6, 0]]))))


@pytest.mark.parametrize(("of", "given"), [("gaussian", {"variance": "fixed", "scale": 0.7}), ("bernoulli", {})])
def test_the_pool_is_the_geometric_mean_of_what_members_say(of, given):
    single = catalogue.make("likelihoods", of, given)
    pool = catalogue.make("likelihoods", "opinion_pool", {"of": single, "members": 3})
    output = torch.randn(1, 3, 1)
    grid = torch.linspace(-8, 8, 4001)[:, None] if single.continuous else torch.tensor([[0.0], [1.0]])
    each = torch.stack([single.log_prob(output[:, m : m + 1].expand(len(grid), 1, 1), grid) for m in range(3)])
    geometric = each.mean(0).exp()
    volume = torch.trapezoid(geometric, grid[:, 0]) if single.continuous else geometric.sum()
    found = pool.log_prob(output.expand(len(grid), 3, 1), grid).exp()
    assert torch.allclose(found, geometric / volume, atol=1e-4)
    members = pool.log_prob_of_members(output.expand(len(grid), 3, 1), grid)
    assert torch.allclose(members, each, atol=1e-5)
    valid = torch.zeros_like(grid, dtype=torch.bool)
    assert (pool.log_prob_of_members(output.expand(len(grid), 3, 1), grid, valid) == 0).all()


def test_every_member_leaves_out_what_it_rebuilds_worst(rows):
    model = fitted(rows, trim=0.25).autoencoder_.train()
    x = torch.from_numpy(rows[:20])
    trace = model(Batch(x=x))
    output = trace.output.detach().requires_grad_()  # [batch, members, values]
    judged = replace(trace, output=output, log_likelihood_of_members=model.likelihood.log_prob_of_members(output, x))
    (gradient,) = torch.autograd.grad(model.loss(judged).total, output)
    costs = -judged.log_likelihood_of_members  # [members, batch]
    for member in range(4):
        sizes, order = gradient[:, member].abs().sum(1), costs[member].argsort()
        assert (sizes[order[15:]] == 0).all()
        assert (sizes[order[:15]] > 0).all()
    kept = torch.sort(costs, dim=1).values[:, :15]
    assert model.loss(judged).terms["reconstruction"].mean().item() == pytest.approx(kept.mean().item(), rel=1e-5)


def test_columns_of_tables_count_the_same(rows):
    model = fitted(rows * np.array([1, 1, 1, 1, 5], dtype=np.float32))
    assert model.schema_.scaling == "standard"


def test_a_model_without_members_has_no_likelihood_of_theirs(rows):
    trainer = Trainer(epochs=1, validation=0, compile=False)
    model = im.AE(2, trainer=trainer).fit(rows).autoencoder_
    trace = model(Batch(x=torch.from_numpy(rows)))
    assert trace.log_likelihood_of_members is None
    values = model.likelihood.log_prob_values_of_members(trace.output, trace.target)
    assert values.shape == (1, 60, 5)


def test_going_on_starts_from_the_weights_there_are(rows):
    model = fitted(rows)
    before = {key: value.clone() for key, value in model.autoencoder_.state_dict().items()}
    stored = Resident(model.schema_.store(im.data.read(rows)))
    trainer = Trainer(epochs=1, batch_size=60, learning_rate=1e-6, schedule="constant", compile=False)
    history = trainer.go_on(model.autoencoder_, stored)
    after = model.autoencoder_.state_dict()
    assert history.steps == 1
    assert all(torch.allclose(before[key], after[key], atol=1e-4) for key in before)
    assert any(not torch.equal(before[key], after[key]) for key in before)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"members": 0}, "members is 0"),
        ({"likelihood": "gaussian"}, "TrimmedEnsemble: likelihood is 'gaussian'"),
        ({"network": {"hiden": (3,)}}, "no parameter 'hiden'. Did you mean 'hidden'"),
        ({"trim": 1.0}, "trim is 1.0"),
    ],
)
def test_wrong_parameters_are_refused_in_words(rows, given, told):
    with pytest.raises(ParameterError, match=told):
        im.TrimmedEnsemble(2, **given).fit(rows)


@pytest.mark.parametrize(
    ("station", "name", "given", "told"),
    [
        ("decoders", "ensemble", {"latent_dim": 2, "out_shape": (3,), "members": 2, "outputs": 3}, "outputs is 3"),
        ("encoders", "ensemble", {"in_shape": (3,), "out_dim": 2, "members": 0}, "members is 0"),
        ("encoders", "ensemble", {"in_shape": (3,), "out_dim": 2, "members": 1, "hidden": (0,)}, "widths are"),
        ("encoders", "ensemble", {"in_shape": (3,), "out_dim": 2, "members": 1, "limit": 0}, "limit is 0"),
    ],
)
def test_wrong_parts_are_refused_in_words(station, name, given, told):
    with pytest.raises(ParameterError, match=told):
        catalogue.make(station, name, given)
