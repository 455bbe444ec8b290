"""Instance normalisation takes from maps what holds for all places; adaptive instance normalisation gives it back."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus.layers.adaptive_instance_norm import AdaptiveInstanceNorm, with_statistics
from isthmus.layers.instance_norm import ChannelStatistics, InstanceNorm

PLACES = st.lists(st.integers(2, 5), min_size=1, max_size=2).filter(lambda sizes: sum(sizes) > 3)
SEEDS = st.integers(0, 10**6)


def maps_of(places, seed):
    return torch.randn(3, 2, *places, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@settings(max_examples=40, deadline=None)
@given(PLACES, SEEDS, st.floats(0.5, 20), st.floats(-20, 20))
def test_a_scale_and_a_shift_of_each_example_are_gone(places, seed, scale, shift):
    maps = 10 * maps_of(places, seed)
    own = torch.arange(1.0, 4.0).view(-1, 1, *[1] * len(places))  # another one for each example
    assert torch.allclose(InstanceNorm()(scale * own * maps + shift * own), InstanceNorm()(maps), atol=1e-3)


@settings(max_examples=40, deadline=None)
@given(PLACES, SEEDS)
def test_what_is_left_has_mean_0_and_spread_1(places, seed):
    normed = ChannelStatistics.of(InstanceNorm()(10 * maps_of(places, seed)))
    assert torch.allclose(normed.mean, torch.zeros_like(normed.mean), atol=1e-6)
    assert torch.allclose(normed.spread, torch.ones_like(normed.spread), atol=1e-2)


@settings(max_examples=40, deadline=None)
@given(PLACES, SEEDS)
def test_maps_with_their_own_statistics_are_as_they_were(places, seed):
    maps = maps_of(places, seed)
    assert torch.allclose(with_statistics(maps, ChannelStatistics.of(maps)), maps, atol=1e-9)


def test_a_style_gives_maps_its_mean_and_spread():
    maps, style = maps_of((5, 5), 0), ChannelStatistics.of(7 * maps_of((3, 3), 1) - 2)
    found = ChannelStatistics.of(with_statistics(maps, style))
    assert torch.allclose(found.mean, style.mean)
    assert torch.allclose(found.spread, style.spread, rtol=1e-3)


def test_a_constant_map_stays_finite():
    assert not InstanceNorm()(torch.full((1, 1, 4), 3.0)).any()
    norm = AdaptiveInstanceNorm(1, 2)
    assert bool(norm(torch.full((1, 1, 4), 3.0), torch.ones(1, 2)).isfinite().all())
