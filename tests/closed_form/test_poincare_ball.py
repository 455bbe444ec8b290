"""Hyperbolic space: maps that undo each other, a density that adds up to 1, flat space as its limit, the rim."""

import math

import numpy as np
import pytest
import torch

import isthmus as im
from isthmus.bottlenecks.wrapped_normal import WrappedNormal as Bottleneck
from isthmus.encoders.mlp import MLP
from isthmus.errors import ParameterError
from isthmus.layers.diagonal_gaussian import DiagonalGaussian
from isthmus.layers.poincare_ball import added, distance, from_origin, from_point, kept_inside, log_stretch, way
from isthmus.layers.wrapped_normal import WrappedNormal
from isthmus.priors.standard_normal import StandardNormal
from isthmus.priors.wrapped_normal import WrappedNormal as Prior
from isthmus.records import View

CURVATURES = pytest.mark.parametrize("c", [0.2, 1.0, 4.0])


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def points(*shape, c, seed=0):
    return from_origin(normal(*shape, seed=seed) / c**0.5, c)


@CURVATURES
@pytest.mark.parametrize("dim", [1, 2, 5])
def test_the_maps_undo_each_other(c, dim):
    x, v = points(300, dim, c=c).double(), normal(300, dim, seed=1).double() / c**0.5
    assert torch.allclose(way(x, from_point(x, v, c), c), v, atol=1e-5)
    y = points(300, dim, c=c, seed=2).double()
    assert torch.allclose(from_point(x, way(x, y, c), c), y, atol=1e-5)


def test_in_float32_as_well():
    x, v = points(300, 3, c=1.0), normal(300, 3, seed=1)
    assert torch.allclose(way(x, from_point(x, v, 1.0), 1.0), v, atol=1e-3)
    near = points(300, 3, c=1.0) * 0.3
    assert torch.allclose(way(near, from_point(near, 0.5 * v, 1.0), 1.0), 0.5 * v, atol=1e-5)


@CURVATURES
def test_addition_is_moebius_s(c):
    """As it is written in the paper."""
    x, y = points(50, 2, c=c).double(), points(50, 2, c=c, seed=1).double()
    inner, xx, yy = ((a * b).sum(1, keepdim=True) for a, b in ((x, y), (x, x), (y, y)))
    wanted = ((1 + 2 * c * inner + c * yy) * x + (1 - c * xx) * y) / (1 + 2 * c * inner + c**2 * xx * yy)
    assert torch.allclose(added(x, y, c), wanted, atol=1e-10)


@CURVATURES
def test_distances_are_those_of_the_formula_and_as_long_as_the_way(c):
    x, y = points(50, 2, c=c).double(), points(50, 2, c=c, seed=1).double()
    left = (1 - c * x.square().sum(1)) * (1 - c * y.square().sum(1))
    wanted = torch.acosh(1 + 2 * c * (x - y).square().sum(1) / left) / math.sqrt(c)
    assert torch.allclose(distance(x, y, c)[:, 0], wanted, atol=1e-6)
    assert torch.allclose(way(x, y, c).norm(dim=1), wanted, atol=1e-6)


def test_spheres_are_larger_than_in_flat_space():
    length = torch.tensor([1e-4, 0.05, 0.0999, 0.1001, 2.0, 60.0], dtype=torch.float64)
    wanted = torch.log(torch.sinh(length) / length)
    assert torch.allclose(log_stretch(length, 1.0), wanted, rtol=1e-5, atol=1e-12)


def some(c, dim=2, rows=1):
    return WrappedNormal(points(rows, dim, c=c, seed=3) * 0.5, normal(rows, dim, seed=4) * 0.3 - 1, c)


@CURVATURES
def test_a_density_adds_up_to_one_by_the_volume_of_the_space(c):
    """In polar coordinates about 0: the length of circles is that of the space."""
    length = torch.linspace(5e-4, 8, 4000, dtype=torch.float64)
    angle = torch.arange(180, dtype=torch.float64) * (2 * math.pi / 180)
    v = length[:, None, None] * torch.stack([angle.cos(), angle.sin()], dim=-1)  # [lengths, angles, 2]
    circle = torch.sinh(math.sqrt(c) * length) / math.sqrt(c) * (2 * math.pi / 180)
    step = (length[1] - length[0]).item()
    for density in (Prior(c).log_prob, lambda z: some(c).log_prob(z).sum(-1, keepdim=True)):
        inside = from_origin(v, c).norm(dim=-1) < (1 - 2e-5) / math.sqrt(c)
        p = density(from_origin(v, c))[..., 0].exp() * inside
        assert ((p.sum(1) * circle).sum() * step).item() == pytest.approx(1.0, abs=2e-3)


@CURVATURES
def test_draws_have_the_density(c):
    """E[1 / p over a disc] is the disc's area, 2 pi (cosh(sqrt(c) r) - 1) / c."""
    posterior, radius = some(c), 0.7
    z = posterior.at(normal(100_000, 1, 2))
    inside = distance(posterior.mean, z, c)[..., 0] < radius
    area = ((-posterior.log_prob(z).sum(-1)).exp() * inside).mean().item()
    assert area == pytest.approx(2 * math.pi * (math.cosh(math.sqrt(c) * radius) - 1) / c, rel=0.05)


def test_with_hardly_any_curvature_it_is_the_normal_distribution():
    """Lengths are twice those of the ball's coordinates."""
    c, centre, log_var = 1e-6, normal(20, 3, seed=1), normal(20, 3, seed=2) * 0.5
    wrapped, flat = WrappedNormal(from_origin(centre, c), log_var, c), DiagonalGaussian(centre, log_var)
    noise = normal(20, 3, seed=5)
    z = wrapped.at(noise)
    assert torch.allclose(2 * z, flat.at(noise), atol=1e-3)
    assert torch.allclose(wrapped.log_prob(z).sum(1), flat.log_prob(2 * z).sum(1), atol=1e-2)
    assert torch.allclose(Prior(c).log_prob(z)[:, 0], StandardNormal().log_prob(2 * z).sum(1), atol=1e-2)


@CURVATURES
def test_the_divergence_is_not_negative_and_0_from_itself(c):
    same = WrappedNormal(torch.zeros(1, 2), torch.zeros(1, 2), c)
    z = same.at(normal(50, 1, 2))
    assert Prior(c).divergence(same, z).abs().max() < 1e-3
    z = some(c).at(normal(5000, 1, 2))
    assert Prior(c).divergence(some(c), z).mean() > 0.1


@pytest.mark.parametrize("size", [1.0, 30.0, 1e4])
def test_at_the_rim_everything_stays_finite(size):
    features = (size * normal(200, 6)).requires_grad_()
    bottleneck = Bottleneck(3)
    code = bottleneck(features, View(x=features), Prior())
    (code.costs["kl"].sum() + code.z.sum()).backward()
    assert bool(code.z.isfinite().all())
    assert bool((code.z.norm(dim=1) < 1).all())
    assert bool(code.costs["kl"].isfinite().all())
    assert bool(features.grad.isfinite().all())
    rim = torch.nn.functional.normalize(normal(50, 3), dim=1)
    for other in (rim, -rim, rim.flip(0), torch.zeros_like(rim)):
        x, y = kept_inside(rim, 1.0), kept_inside(other, 1.0)
        for found in (added(x, y, 1.0), way(x, y, 1.0), distance(x, y, 1.0)):
            assert bool(found.isfinite().all())


def test_curvatures_must_agree():
    with pytest.raises(ParameterError, match="curvature is 2.0; that of the codes of WrappedNormal is 1.0"):
        Prior(2.0).connect(MLP((3,), 4), Bottleneck(2))
    with pytest.raises(ParameterError, match="curvature is -1.0; expected a positive number"):
        im.PoincareVAE(curvature=-1.0).fit(normal(30, 3).numpy())


def test_flat_enough_it_scores_like_a_vae():
    """With the same numbers drawn, and codes half as long, which the decoder makes up for."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(150, 2)) @ rng.normal(size=(2, 5)) + 0.1 * rng.normal(size=(150, 5))
    trainer = im.Trainer(epochs=20, batch_size=50, validation=0, compile=False)
    flat = im.VAE(2, trainer=trainer).fit(x).score(x)
    assert im.PoincareVAE(2, curvature=1e-4, trainer=trainer).fit(x).score(x) == pytest.approx(flat, abs=0.5)


@pytest.mark.parametrize("shape", [(28, 28), (32, 32, 3), (64, 64, 3), (96, 96)])
def test_pictures(shape):
    x = np.random.default_rng(0).integers(0, 255, size=(12, *shape), dtype=np.uint8)
    found = im.PoincareVAE(2, trainer=im.Trainer(epochs=1, validation=0, compile=False)).fit(x)
    assert found.reconstruct(x).shape == x.shape
    assert found.sample(2, random_state=0).shape == (2, *shape)
    assert np.isfinite(found.log_prob(x, samples=3)).all()
