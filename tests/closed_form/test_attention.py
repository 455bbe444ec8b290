"""Attention is the weighted mean of equation 1, in the numbers' own format."""

import math

import pytest
import torch

from isthmus.layers.attention import attention
from isthmus.layers.transformer_block import Block


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("autocast", [False, True])
def test_it_is_the_softmax_of_products_over_real_places(autocast):
    queries, keys, values = (drawn(2, 3, 5, 4, seed=seed) for seed in range(3))
    valid = torch.tensor([[True] * 5, [True, True, False, True, False]])
    scores = queries @ keys.transpose(2, 3) / math.sqrt(4)
    expected = scores.masked_fill(~valid[:, None, None], -torch.inf).softmax(-1) @ values
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        assert torch.allclose(attention(queries, keys, values, valid), expected, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_numbers_keep_their_format(dtype):
    block, x = Block(8, 2).to(dtype), drawn(1, 3, 8).to(dtype)
    made = block(x)
    assert made.dtype == dtype
    made.square().sum().backward()
    assert all(p.grad is not None and p.grad.dtype == dtype for p in block.parameters())


def test_one_half_of_a_pair_may_be_in_bf16():
    x = drawn(1, 2, 3, 4)
    with torch.autocast("cpu", torch.bfloat16):
        assert attention(x, x.bfloat16(), x.bfloat16()).dtype == torch.float32
