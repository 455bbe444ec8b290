"""Every term reads a trace, gives a cost for each example or one for all, and has a name and a weight."""

import json
from dataclasses import replace

import pytest
import torch
from examples import LATENT, batch, code_places, features, make, maps, parts, pictures, view
from round_trip import rebuilt

from isthmus import catalogue
from isthmus.errors import ParameterError
from isthmus.records import Code, Trace
from isthmus.schedules.cosine import Cosine

ALL = pytest.mark.parametrize("name", parts("terms"))


def trace(name, z=None):
    """A pass in which codes have places, where the term is for such."""
    z = features(LATENT, code_places(name)) if z is None else z
    costs = {"kl": z.square().flatten(1).sum(1), "l1": z.abs().flatten(1).sum(1)}
    return Trace(
        batch=replace(batch(len(z)), reference=torch.zeros_like(z)),
        view=view(len(z)),
        features=z,
        code=Code(z=z, costs=costs),
        maps=maps(z),
        output=pictures(len(z))[:, None],
        log_likelihood=-costs["l1"],
        verdicts=costs,
        rebuilt=pictures(len(z), seed=9) * z.flatten(1).mean(1)[:, None, None, None],
    )


@ALL
def test_it_gives_a_cost_for_each_example_or_one_for_all(name):
    term = make("terms", name)
    cost = term(trace(name), {})
    assert cost.shape in ((5,), ())
    assert bool(cost.isfinite().all())
    assert isinstance(term.name, str)
    assert term.weight == 1.0


@ALL
def test_an_example_costs_the_same_in_other_company(name):
    whole = trace(name)
    other = trace(name, torch.cat([whole.code.z[:1], 3 + whole.code.z[1:]]))
    one, two = (make("terms", name)(each, {}) for each in (whole, other))
    assert one.ndim == 0 or torch.equal(one[0], two[0])


@ALL
def test_its_gradient_reaches_what_the_trace_holds(name):
    z = features(LATENT, code_places(name)).requires_grad_()
    make("terms", name)(trace(name, z), {}).sum().backward()
    assert bool(z.grad.isfinite().all())
    assert bool((z.grad != 0).any())


@ALL
@pytest.mark.parametrize("weight", [0.5, Cosine(steps=10)])
def test_its_weight_is_for_the_loss_not_for_the_cost(name, weight):
    usual, other = make("terms", name), make("terms", name, weight=weight)
    assert torch.equal(usual(trace(name), {}), other(trace(name), {}))
    assert other.weight is weight
    assert catalogue.build(json.loads(json.dumps(other.spec()))).spec() == other.spec()


@ALL
def test_it_survives_json(name):
    part, copy = rebuilt("terms", name)
    assert torch.equal(part(trace(name), {}), copy(trace(name), {}))


def test_a_cost_that_the_bottleneck_has_not_is_named():
    with pytest.raises(ParameterError, match="no cost called 'kll'. Did you mean 'kl'"):
        make("terms", "code_cost", name="kll")(trace("code_cost"), {})


def test_reconstruction_is_minus_log_p():
    given = trace("reconstruction")
    assert torch.equal(make("terms", "reconstruction")(given, {}), -given.log_likelihood)
    with pytest.raises(ValueError, match="the model has no decoder"):
        make("terms", "reconstruction")(replace(given, log_likelihood=None), {})


def test_code_cost_is_the_one_of_its_name():
    given = trace("code_cost")
    for word, cost in given.code.costs.items():
        assert torch.equal(make("terms", "code_cost", name=word)(given, {}), cost)
