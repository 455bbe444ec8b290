"""Every corruption keeps shapes, draws from the current stream only, and leaves the batch alone."""

from dataclasses import replace

import pytest
import torch
from examples import BATCH, batch, make, parts, streamed
from round_trip import rebuilt

from isthmus import catalogue
from isthmus.records import Batch
from isthmus.training.random_stream import RandomStream

ALL = pytest.mark.parametrize(
    "name",
    [
        name
        for name in parts("corruptions")
        if not (catalogue.find("corruptions", name).of_symbols or catalogue.find("corruptions", name).of_pictures)
    ],
)  # those have suites of their own


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
    views = streamed(lambda: corruption(given), 1, 1, 2)
    assert torch.equal(views[0].x, views[1].x)
    if corruption.spoils:
        assert not torch.equal(views[0].x, views[2].x)


def seen_by(corruption, given, seed=0):
    with RandomStream(seed):
        return corruption(given)


@ALL
def test_the_mask_of_real_positions_is_handed_on(name):
    given = batch(condition_dim=2)
    valid = given.x > 0.5
    seen = make("corruptions", name)(replace(given, valid=valid))
    assert torch.equal(seen.valid, valid)


@ALL
def test_padding_does_not_reach_real_positions(name):
    given = batch()
    valid = torch.arange(given.x.shape[-1]).expand_as(given.x) < 5
    padded = replace(given, valid=valid)
    other = replace(padded, x=torch.where(valid, given.x, 100.0))
    one, two = (seen_by(make("corruptions", name), each).x for each in (padded, other))
    assert torch.equal(one[valid], two[valid])


@ALL
def test_examples_and_values_are_spoilt_each_for_itself(name):
    alike = Batch(x=torch.full((BATCH, 30), 0.5), condition=torch.ones(BATCH, 2))
    seen = seen_by(make("corruptions", name), alike)
    if not torch.equal(seen.x, alike.x):
        assert len(seen.x.unique(dim=0)) == BATCH
        assert bool((seen.x.std(dim=1) > 0).all())
    assert make("corruptions", name).spoils == (not torch.equal(seen.x, alike.x))


@ALL
def test_an_example_is_not_made_of_its_companions(name):
    given = batch(condition_dim=2)
    other = replace(given, x=torch.cat([given.x[:1], 100 + given.x[1:]]))
    one, two = (seen_by(make("corruptions", name), each).x[0] for each in (given, other))
    assert torch.equal(one, two)


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


WIDE = Batch(x=torch.full((100, 1000), 0.5))


def test_masking_hides_a_share():
    x = seen_by(make("corruptions", "masking", share=0.3, fill=-2.0), WIDE).x
    assert (x == -2).float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert (x == 0.5).float().mean().item() == pytest.approx(0.7, abs=0.01)


def test_salt_and_pepper_are_as_many():
    x = seen_by(make("corruptions", "salt_and_pepper", share=0.3, low=-1.0, high=2.0), WIDE).x
    assert (x == -1).float().mean().item() == pytest.approx(0.15, abs=0.01)
    assert (x == 2).float().mean().item() == pytest.approx(0.15, abs=0.01)


def test_noise_has_mean_zero_and_the_scale():
    noise = seen_by(make("corruptions", "gaussian_noise", scale=0.2), WIDE).x - WIDE.x
    assert noise.mean().item() == pytest.approx(0, abs=0.005)
    assert noise.std().item() == pytest.approx(0.2, abs=0.005)
    assert (noise.pow(4).mean() / noise.var().square()).item() == pytest.approx(3, abs=0.1)


def test_conditions_are_dropped_whole_and_only_in_training():
    many = Batch(x=torch.zeros(4000, 1), condition=torch.ones(4000, 3))
    corruption = make("corruptions", "condition_dropout", share=0.3)
    known = seen_by(corruption.train(), many).condition
    assert bool(((known == 0).all(1) | (known == 1).all(1)).all())
    assert known.mean().item() == pytest.approx(0.7, abs=0.03)
    assert torch.equal(seen_by(corruption.eval(), many).condition, many.condition)
