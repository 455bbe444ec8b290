"""What discrete codes begin with: centres, spread logits, and draws that do not depend on units."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from isthmus.bottlenecks.vector_quantizer import responsibilities
from isthmus.layers.k_means import k_means
from isthmus.layers.scaled_logits import ScaledLogits


@given(scale=st.floats(1e-3, 1e3), seed=st.integers(0, 99))
def test_draws_of_vectors_are_as_sharp_whatever_the_units(scale, seed):
    stream = torch.Generator().manual_seed(seed)
    x, vectors = torch.randn(50, 4, generator=stream), torch.randn(8, 4, generator=stream)
    told = responsibilities(x, vectors).softmax(-1)
    assert torch.allclose(responsibilities(scale * x, scale * vectors).softmax(-1), told, atol=1e-3)
    assert torch.equal(told.argmax(-1), torch.cdist(x, vectors).argmin(-1))


def test_the_mixture_behind_draws_is_the_textbooks():
    x, vectors = torch.tensor([[0.5, 0.0], [3.0, 4.5]]), torch.tensor([[0.0, 0.0], [3.0, 4.0]])
    variance = 0.25 / 2  # of each number around the nearest vector
    told = [torch.distributions.Normal(v, variance**0.5).log_prob(x).sum(-1) for v in vectors]
    assert torch.allclose(responsibilities(x, vectors).log_softmax(-1), torch.stack(told, -1).log_softmax(-1))


def test_centres_that_are_repeated_stand_apart_and_near():
    rows = torch.tensor([[0.0, 0.0], [4.0, 0.0]]).repeat(10, 1)
    centres = k_means(rows, 6)
    assert len(torch.unique(centres, dim=0)) == 6
    assert torch.cdist(centres, rows[:2]).min(1).values.max() < 0.2


def test_logits_have_the_wanted_spread_but_where_there_is_only_rounding():
    layer = ScaledLogits(3, spread=2.0)
    x = torch.randn(500, 3, generator=torch.Generator().manual_seed(0)) * torch.tensor([5.0, 0.1, 1e-5])
    layer.start(x)
    assert layer(x).std(0, correction=0)[:2].tolist() == pytest.approx([2.0, 2.0])
    assert layer(x)[:, 2].abs().max() < 1e-3


def test_how_often_a_choice_is_made_is_learnt_at_full_rate():
    layer = ScaledLogits(2, spread=0.01)
    layer.start(torch.randn(100, 2))
    layer(torch.randn(5, 2)).sum().backward()
    assert layer.bias.grad.tolist() == [5.0, 5.0]
