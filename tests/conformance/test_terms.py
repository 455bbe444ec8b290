"""Every term reads a trace, gives a cost for each example or one for all, and has a name and a weight."""

import json
from dataclasses import replace

import pytest
import torch
from examples import LATENT, code_places, features, make, parts
from examples import trace_of as trace
from round_trip import rebuilt

from isthmus import catalogue
from isthmus.errors import ParameterError
from isthmus.schedules.cosine import Cosine
from isthmus.stations import Term
from isthmus.training.random_stream import RandomStream


def paid(term, given):
    """The cost, with the same random numbers every time."""
    with RandomStream(7):
        return term(given, {})


ALL = pytest.mark.parametrize("name", parts("terms"))


@ALL
def test_it_gives_a_cost_for_each_example_or_one_for_all(name):
    term = make("terms", name)
    cost = paid(term, trace(name))
    assert cost.shape in ((5,), ())
    assert bool(cost.isfinite().all())
    assert isinstance(term.name, str)
    assert term.weight == 1.0


@ALL
def test_an_example_costs_the_same_in_other_company(name):
    whole = trace(name)
    other = trace(name, torch.cat([whole.features[:1], 3 + whole.features[1:]]))
    one, two = (paid(make("terms", name), each) for each in (whole, other))
    assert one.ndim == 0 or torch.equal(one[0], two[0])


@ALL
def test_its_gradient_reaches_what_the_trace_holds(name):
    z = features(LATENT, code_places(name)).requires_grad_()
    if catalogue.find("terms", name).connect is not Term.connect:
        pytest.skip("is for the decoder: its gradient is that one's")
    paid(make("terms", name), trace(name, z)).sum().backward()
    assert bool(z.grad.isfinite().all())
    assert bool((z.grad != 0).any())


@ALL
@pytest.mark.parametrize("weight", [0.5, Cosine(steps=10)])
def test_its_weight_is_for_the_loss_not_for_the_cost(name, weight):
    usual, other = make("terms", name), make("terms", name, weight=weight)
    assert torch.equal(paid(usual, trace(name)), paid(other, trace(name)))
    assert other.weight is weight
    assert catalogue.build(json.loads(json.dumps(other.spec()))).spec() == other.spec()


@ALL
def test_it_survives_json(name):
    part, copy = rebuilt("terms", name)
    assert torch.equal(paid(part, trace(name)), paid(copy, trace(name)))


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
