"""Every corruption of pictures: shapes, where it draws from, each picture for itself, other data refused."""

import numpy as np
import pytest
import torch
from examples import make, parts, streamed

import isthmus as im
from isthmus import catalogue
from isthmus.errors import DataError
from isthmus.records import Batch
from isthmus.training.random_stream import RandomStream

NAMES = [name for name in parts("corruptions") if catalogue.find("corruptions", name).of_pictures]
ALL = pytest.mark.parametrize("name", NAMES)
SHAPES = pytest.mark.parametrize("shape", [(1, 8, 8), (3, 9, 6), (8, 12)], ids=str)


def drawn(shape, count=12):
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(0))


def seen_by(corruption, x, seed=0):
    with RandomStream(seed):
        return corruption(Batch(x=x, condition=torch.ones(len(x), 2)))


@ALL
@SHAPES
def test_it_keeps_the_shape_and_the_batch(name, shape):
    x = drawn(shape)
    before = x.clone()
    view = seen_by(make("corruptions", name), x)
    assert view.x.shape == x.shape
    assert view.condition.shape == (len(x), 2)
    assert torch.equal(x, before)
    assert not torch.equal(view.x, x)


@ALL
@SHAPES
def test_values_stay_between_the_lowest_and_the_highest(name, shape):
    x = drawn(shape)
    view = seen_by(make("corruptions", name), x)
    assert view.x.min() >= x.min() - 1e-6
    assert view.x.max() <= x.max() + 1e-6


@ALL
def test_it_draws_from_the_current_stream_only(name):
    corruption, given = make("corruptions", name), Batch(x=drawn((1, 8, 8)))
    one, again, other = streamed(lambda: corruption(given), 1, 1, 2)
    assert torch.equal(one.x, again.x)
    assert not torch.equal(one.x, other.x)


@ALL
def test_each_picture_is_changed_for_itself(name):
    alike = drawn((1, 8, 8), count=1).repeat(10, 1, 1, 1)
    seen = seen_by(make("corruptions", name), alike).x
    assert len(seen.flatten(1).unique(dim=0)) == 10
    x = drawn((1, 8, 8))
    other = torch.cat([x[:1], 5 + x[1:]])
    assert torch.equal(seen_by(make("corruptions", name), x).x[0], seen_by(make("corruptions", name), other).x[0])


@ALL
def test_a_blank_picture_stays_blank(name):
    blank = torch.full((5, 1, 8, 8), 0.25)
    assert torch.allclose(seen_by(make("corruptions", name), blank).x, blank)


@ALL
def test_what_is_no_picture_is_refused(name):
    with pytest.raises(DataError, match=r"n_features=30.*reshape\(-1, height, width\)"):
        seen_by(make("corruptions", name), torch.rand(4, 30))
    with pytest.raises(DataError, match="are no pictures"):
        im.DAE(2, corruption=name, trainer=im.Trainer(epochs=1)).fit(np.random.default_rng(0).random((50, 30)))


@ALL
def test_a_model_learns_to_undo_it(name):
    pictures = im.data.load("digits").values.reshape(-1, 8, 8)[:200] / 16
    model = im.DAE(16, corruption=name, trainer=im.Trainer(epochs=3)).fit(pictures)
    assert model.reconstruct(pictures).shape == pictures.shape


def test_a_warp_moves_by_what_was_asked():
    """Only shifts: the middle of a square moves by at most that share of the side, to all sides."""
    x = torch.zeros(400, 1, 32, 32)
    x[:, :, 12:20, 12:20] = 1.0
    corruption = catalogue.make("corruptions", "warp", {"shift": 0.1, "turn": 0.0, "stretch": 0.0, "slant": 0.0})
    seen = seen_by(corruption, x).x[:, 0]
    places = torch.arange(32.0)
    right = (seen.sum(1) * places).sum(1) / seen.sum((1, 2)) - 15.5
    down = (seen.sum(2) * places).sum(1) / seen.sum((1, 2)) - 15.5
    for moved in (right, down):
        assert moved.abs().max() <= 3.2 + 1e-3
        assert moved.min() < -2.5
        assert moved.max() > 2.5
    assert abs(float(np.corrcoef(right, down)[0, 1])) < 0.2


def test_a_warp_turns_by_what_was_asked():
    x = torch.zeros(300, 1, 33, 33)
    x[:, :, 16, :] = 1.0
    corruption = catalogue.make("corruptions", "warp", {"shift": 0.0, "turn": 20.0, "stretch": 0.0, "slant": 0.0})
    seen = seen_by(corruption, x).x[:, 0]
    y, x_ = torch.meshgrid(torch.arange(33.0) - 16, torch.arange(33.0) - 16, indexing="ij")
    angle = torch.rad2deg(torch.atan2((seen * x_ * y).sum((1, 2)), (seen * x_ * x_).sum((1, 2))))
    assert 18 < angle.abs().max() < 21
    assert abs(float(angle.mean())) < 3
