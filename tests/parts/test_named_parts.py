"""A code of named parts is its parts side by side, whatever they are."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus import catalogue
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.fsq import FSQ
from isthmus.bottlenecks.gaussian import Gaussian
from isthmus.bottlenecks.identity import Identity
from isthmus.bottlenecks.parts import Parts
from isthmus.errors import ParameterError
from isthmus.priors.standard_normal import StandardNormal
from isthmus.records import View
from isthmus.training.random_stream import RandomStream

KINDS = {"gaussian": Gaussian, "identity": Identity}
GRIDS = st.lists(st.integers(1, 3), max_size=2)
SIZES = st.lists(st.tuples(st.sampled_from(sorted(KINDS)), st.integers(1, 4)), min_size=1, max_size=4)


def seen(count=2):
    return View(x=torch.zeros(count, 3))


def assert_partition(parts, width):
    """Every number of the code is of one part, and of one only."""
    taken = [i for each in parts.values() for i in range(width)[each]]
    assert taken == list(range(width))


@settings(max_examples=40, deadline=None)
@given(SIZES, GRIDS)
def test_slices_partition_the_code_and_hold_what_each_part_gives(sizes, grid):
    inner = {f"part{i}": KINDS[kind](size) for i, (kind, size) in enumerate(sizes)}
    parts = Parts(inner).eval()
    features = torch.randn(2, *grid, parts.in_dim)
    code, start = parts.mode(features, seen()), 0
    assert code.z.shape == (2, *grid, parts.latent_dim)
    assert_partition(code.parts, parts.latent_dim)
    assert code.parts == parts.parts
    for name, part in inner.items():
        alone = part.mode(features[..., start : start + part.in_dim], seen())
        assert torch.equal(code.z[..., code.parts[name]], alone.z)
        start += part.in_dim


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=2, max_size=3), GRIDS)
def test_gaussian_parts_are_one_gaussian(sizes, grid):
    parts = Parts({f"part{i}": Gaussian(size) for i, size in enumerate(sizes)})
    code = parts(torch.randn(3, *grid, parts.in_dim), seen(3), StandardNormal())
    kl = StandardNormal().divergence(code.posterior, code.z).flatten(1).sum(1)
    assert parts.random
    assert torch.allclose(code.costs["kl"], kl, rtol=1e-5)
    assert torch.allclose(sum(code.costs[f"part{i}.kl"] for i in range(len(sizes))), kl, rtol=1e-5)


def test_a_random_part_beside_one_that_is_not():
    parts = Parts({"content": Gaussian(2), "style": Identity(3)}).train()
    features = torch.randn(2, 7)
    with RandomStream(0):
        code = parts(features, seen(), StandardNormal())
    assert not parts.random
    assert code.posterior is None
    assert sorted(code.costs) == ["content.kl", "kl"]
    assert torch.equal(code.z[:, code.parts["style"]], features[:, 4:])
    assert not torch.equal(code.z[:, code.parts["content"]], features[:, :2])


def test_symbols_of_discrete_parts_stand_for_their_codes():
    parts = Parts({"content": FSQ((5, 3)), "style": FSQ((4,))}).eval()
    code = parts.mode(torch.randn(6, 2, parts.in_dim), seen(6))
    assert parts.levels == (*FSQ((5, 3)).levels, *FSQ((4,)).levels)
    assert torch.allclose(parts.look_up(code.symbols), code.z)
    mixed = Parts({"content": FSQ((5, 3)), "style": Identity(1)})
    assert mixed.levels == ()
    assert mixed.mode(torch.randn(6, mixed.in_dim), seen(6)).symbols is None
    with pytest.raises(ParameterError, match="not discrete"):
        mixed.look_up(code.symbols)


def test_parts_start_from_their_own_features():
    codebook = catalogue.make("codebooks", "ema", {"size": 4, "dim": 2})
    estimator = catalogue.make("gradient_estimators", "straight_through", {})
    arguments = {"latent_dim": 2, "codebook": codebook, "estimator": estimator}
    quantiser = catalogue.make("bottlenecks", "vector_quantizer", arguments)
    parts = Parts({"style": Identity(1), "content": quantiser})
    features = torch.tensor([[7.0, 1.0, 1.0], [7.0, 2.0, 2.0], [7.0, 3.0, 3.0], [7.0, 4.0, 4.0]])
    parts.initialise(features, seen(4))
    assert sorted(quantiser.look_up(torch.arange(4)[:, None])[:, 0].tolist()) == pytest.approx([1, 2, 3, 4], abs=1e-3)


def test_what_cannot_be_a_part_is_refused_all_at_once():
    estimator = catalogue.make("gradient_estimators", "straight_through", {})
    random = catalogue.make("bottlenecks", "bernoulli", {"latent_dim": 2, "estimator": estimator})
    with pytest.raises(ParameterError, match=r"(?s)'two words'.*style is Bernoulli"):
        Parts({"two words": Identity(1), "style": random})
    with pytest.raises(ParameterError, match="inner is empty"):
        Parts({})


def test_a_slice_too_many_is_caught():
    parts = Parts({"content": Identity(2), "style": Identity(1)})
    faulty = copy.deepcopy(parts)
    faulty._parts = {"content": slice(0, 2), "style": slice(1, 3)}
    assert_partition(parts.parts, 3)
    with pytest.raises(AssertionError):
        assert_partition(faulty.parts, 3)


def test_a_random_part_of_places_that_may_be_padding_is_refused():
    """Its cost would count what is not there; beside a part that is not random as well."""
    encoder = catalogue.make("encoders", "conv_recurrent", {"in_shape": (9, 2), "out_dim": 5})
    term = catalogue.make("terms", "contrastive_prediction", {"latent_dim": 3, "local_dim": 1})
    mixed = Parts({"content": Gaussian(2), "style": Identity(1)})
    with pytest.raises(ParameterError, match="would take padding for codes"):
        Autoencoder(encoder=encoder, bottleneck=mixed, terms=[term])


@pytest.mark.parametrize("name", ["items", "training", "two words"])
def test_names_that_a_part_cannot_have(name):
    with pytest.raises(ParameterError, match=f"inner has the name '{name}'"):
        Parts({name: Identity(1)})


def test_parts_whose_costs_come_later_are_refused():
    estimator = catalogue.make("gradient_estimators", "straight_through", {})
    random = catalogue.make("bottlenecks", "bernoulli", {"latent_dim": 3, "estimator": estimator})
    with pytest.raises(ParameterError, match="first is Bernoulli"):
        Parts({"first": random, "second": Identity(1)})
