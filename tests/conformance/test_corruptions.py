"""Every corruption keeps shapes, draws from the current stream only, and leaves the batch alone."""

import pytest
import torch
from examples import batch, make, parts
from round_trip import rebuilt

from isthmus.training.random_stream import RandomStream

ALL = pytest.mark.parametrize("name", parts("corruptions"))


@ALL
def test_it_keeps_the_shape_and_the_batch(name):
    given = batch(condition_dim=2)
    before = given.x.clone()
    seen = make("corruptions", name)(given)
    assert seen.x.shape == given.x.shape
    assert seen.condition.shape == given.condition.shape
    assert torch.equal(given.x, before)


@ALL
def test_it_draws_from_the_current_stream_only(name):
    corruption, given = make("corruptions", name), batch(condition_dim=2)
    before = torch.random.get_rng_state()
    views = []
    for seed in (1, 1, 2):
        with RandomStream(seed):
            views.append(corruption(given))
    assert torch.equal(before, torch.random.get_rng_state())
    assert torch.equal(views[0].x, views[1].x)
    if corruption.spoils:
        assert not torch.equal(views[0].x, views[2].x)


@ALL
def test_only_what_it_says_it_hid_has_changed(name):
    given = batch()
    seen = make("corruptions", name)(given)
    if seen.hidden is not None:
        assert torch.equal(seen.x[~seen.hidden], given.x[~seen.hidden])
        assert seen.hidden.any()


@ALL
def test_what_is_hidden_cannot_be_seen(name):
    """Perturbing hidden positions changes nothing that is visible."""
    corruption, given = make("corruptions", name), batch()
    with RandomStream(0):
        seen = corruption(given)
    if seen.hidden is None:
        pytest.skip("hides no positions")
    perturbed = torch.where(seen.hidden, given.x + 100.0, given.x)
    with RandomStream(0):
        again = corruption(given.__class__(x=perturbed))
    assert torch.equal(seen.x, again.x)


@ALL
def test_it_survives_json(name):
    part, copy = rebuilt("corruptions", name)
    with RandomStream(0):
        first = part(batch())
    with RandomStream(0):
        second = copy(batch())
    assert torch.equal(first.x, second.x)
