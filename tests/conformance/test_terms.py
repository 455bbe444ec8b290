"""Every term reads a trace, gives a cost for each example or one for all, and has a name and a weight."""

import pytest
import torch
from examples import LATENT, batch, features, make, parts, pictures, view
from round_trip import rebuilt

from isthmus.errors import ParameterError
from isthmus.records import Code, Trace

ALL = pytest.mark.parametrize("name", parts("terms"))


def trace(count=5):
    z = features(LATENT, count=count)
    costs = {"kl": z.square().sum(1), "l1": z.abs().sum(1)}
    return Trace(
        batch=batch(count),
        view=view(count),
        features=z,
        code=Code(z=z, costs=costs),
        output=pictures(count)[:, None],
        log_likelihood=-z.abs().sum(1),
    )


@ALL
def test_it_gives_a_cost_for_each_example_or_one_for_all(name):
    term = make("terms", name)
    cost = term(trace(), {})
    assert cost.shape in ((5,), ())
    assert bool(cost.isfinite().all())
    assert isinstance(term.name, str)
    assert term.weight == 1.0


@ALL
def test_it_survives_json(name):
    part, copy = rebuilt("terms", name)
    assert torch.equal(part(trace(), {}), copy(trace(), {}))


def test_a_cost_that_the_bottleneck_has_not_is_named():
    with pytest.raises(ParameterError, match="no cost called 'kll'. Did you mean 'kl'"):
        make("terms", "code_cost", name="kll")(trace(), {})
