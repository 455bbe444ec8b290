"""Linear layers without gradients, by oneDNN: the same values, whoever else is in the batch."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

import isthmus as im
from isthmus.layers import onednn_products
from isthmus.layers.onednn_products import OneDNNProducts, evaluation

SIDE = 192  # of a weight with enough numbers
KERNEL = "mkldnn::_linear_pointwise"

pytestmark = pytest.mark.skipif(not onednn_products._THERE, reason="this PyTorch has no oneDNN")


def names_of_operations(function):
    with torch.profiler.profile() as profile:
        function()
    return {event.key for event in profile.key_averages()}


@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=3),
    st.booleans(),
    st.sampled_from(["plain", "turned", "every other", "expanded"]),
    st.booleans(),
)
def test_values_are_those_of_the_layer(shape, bias, held, turned):
    torch.manual_seed(0)
    x = {
        "plain": lambda: torch.randn(*shape, SIDE),
        "turned": lambda: torch.randn(SIDE, *shape).movedim(0, -1),
        "every other": lambda: torch.randn(*shape, 2 * SIDE)[..., ::2],
        "expanded": lambda: torch.randn(SIDE).expand(*shape, SIDE),
    }[held]()
    weight = torch.randn(SIDE, 200).T if turned else torch.randn(200, SIDE)
    given_bias = torch.randn(200) if bias else None
    with torch.no_grad(), OneDNNProducts():
        found = F.linear(x, weight, given_bias)
    wanted = F.linear(x.double(), weight.double(), None if given_bias is None else given_bias.double())
    assert found.shape == wanted.shape
    assert torch.allclose(found.double(), wanted, atol=1e-3)


@pytest.mark.parametrize("rows", [2, 3, 17, 64])
def test_a_row_does_not_depend_on_its_companions(rows):
    torch.manual_seed(0)
    x, layer = torch.randn(256, SIDE), nn.Linear(SIDE, SIDE)
    with evaluation(layer):
        assert torch.equal(layer(x[:rows]), layer(x)[:rows])


@pytest.mark.parametrize(
    ("layer", "x"),
    [
        (nn.Linear(16, 16), torch.ones(3, 16)),  # small
        (nn.Linear(SIDE, SIDE).double(), torch.ones(3, SIDE, dtype=torch.float64)),
        (nn.Linear(SIDE, SIDE), torch.ones(0, SIDE)),
    ],
)
def test_what_is_left_to_others(layer, x):
    with evaluation(nn.Linear(SIDE, SIDE)):
        assert KERNEL not in names_of_operations(lambda: layer(x))


def test_gradients_are_left_to_others():
    layer, x = nn.Linear(SIDE, SIDE), torch.ones(3, SIDE)
    with evaluation(layer), torch.enable_grad():
        layer(x).sum().backward()
    assert layer.bias.grad.tolist() == [3.0] * SIDE


def test_bf16_products_are_left_to_others():
    layer, x = nn.Linear(SIDE, SIDE), torch.ones(3, SIDE)
    with evaluation(layer), torch.autocast("cpu", torch.bfloat16):
        assert layer(x).dtype == torch.bfloat16


def test_models_use_it_and_say_the_same_without_it(monkeypatch):
    x = np.random.default_rng(0).random((80, 8), dtype=np.float32)
    trainer = im.Trainer(epochs=1, compile=False)
    model = im.VAE(2, network={"name": "mlp", "hidden": (256, 256)}, trainer=trainer, random_state=0).fit(x)
    jobs = (model.transform, model.score_samples, model.log_prob, model.reconstruct)
    found = [job(x) for job in jobs]
    assert KERNEL in names_of_operations(lambda: model.score_samples(x))
    monkeypatch.setattr(onednn_products, "_THERE", False)
    assert KERNEL not in names_of_operations(lambda: model.score_samples(x))
    for job, told in zip(jobs, found, strict=True):
        assert np.allclose(job(x), told, atol=1e-4)
