"""Convolutions to one place, as products: the same values, the same gradients."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from isthmus.training.one_place import ProductsForOnePlace, convolves_on_a_processor

SIZES = st.integers(1, 6)


def values_and_gradients(layer, x, *, quick):
    x = x.clone().requires_grad_()
    layer.zero_grad()
    if quick:
        with ProductsForOnePlace():
            found = layer(x)
    else:
        found = layer(x)
    (found * torch.arange(found.numel()).view_as(found).cos()).sum().backward()
    return [found.detach(), x.grad, *(p.grad.clone() for p in layer.parameters())]


@given(SIZES, SIZES, st.integers(1, 5), st.integers(1, 5), st.integers(1, 3), st.integers(0, 2), st.booleans())
def test_values_and_gradients_are_those_of_the_convolution(height, width, down, across, stride, padding, bias):
    if height + 2 * padding < down or width + 2 * padding < across:
        return
    torch.manual_seed(0)
    layer = nn.Conv2d(2, 3, (down, across), stride, padding, bias=bias)
    x = torch.randn(4, 2, height, width)
    quick, plain = (values_and_gradients(layer, x, quick=wish) for wish in (True, False))
    for found, wanted in zip(quick, plain, strict=True):
        assert torch.allclose(found, wanted, atol=1e-5)


def names_of_operations(layer, x):
    with torch.profiler.profile() as profile, ProductsForOnePlace():
        layer(x)
    return {event.key for event in profile.key_averages()}


@pytest.mark.parametrize(
    ("layer", "is_product"),
    [
        (nn.Conv2d(4, 2, 4), True),
        (nn.Conv2d(4, 2, 4, 2, 1), False),  # two places
        (nn.Conv2d(4, 2, 3, 2), True),
        (nn.Conv2d(4, 2, 2, dilation=3), False),
        (nn.Conv2d(4, 4, 4, groups=2), False),
        (nn.Conv2d(4, 2, 3, padding="same"), False),
    ],
)
def test_which_are_products(layer, is_product):
    assert ("aten::convolution" not in names_of_operations(layer, torch.ones(1, 4, 4, 4))) == is_product


def test_only_networks_with_convolutions_on_a_processor_are_asked():
    assert convolves_on_a_processor(nn.Sequential(nn.Conv2d(1, 1, 1)))
    assert not convolves_on_a_processor(nn.Linear(1, 1))
    assert not convolves_on_a_processor(nn.Conv2d(1, 1, 1, device="meta"))
