"""Posteriors other than Gaussians: maps that can be undone, densities that add up to 1, divergences that are known."""

import math

import pytest
import torch
from torch.nn import functional as F

from isthmus.layers.diagonal_gaussian import DiagonalGaussian
from isthmus.layers.flow_posterior import FlowPosterior, InverseAutoregressive, Planar, Radial
from isthmus.layers.masked_dense import MaskedDense
from isthmus.layers.von_mises_fisher import VonMisesFisher, log_area
from isthmus.priors.standard_normal import StandardNormal
from isthmus.priors.uniform_sphere import UniformSphere
from isthmus.training.random_stream import RandomStream

DIM = 3


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def planar(rows, size=2.0):
    u, w, b = normal(rows, DIM, seed=1), normal(rows, DIM, seed=2), normal(rows, 1, seed=3)
    return Planar(size * u.double(), size * w.double(), b.double())


def radial(rows, size=2.0):
    alpha = normal(rows, 1, seed=2).square() + 0.1
    return Radial(normal(rows, DIM, seed=1).double(), alpha.double(), size * normal(rows, 1, seed=3).double())


def autoregressive(rows):
    with RandomStream(0):
        network = MaskedDense(2 + DIM, 2, (16,)).double()
        torch.nn.init.normal_(network.linears[-1].weight)
    return InverseAutoregressive(network, normal(rows, 2, seed=1).double())


MAPS = pytest.mark.parametrize("make", [planar, radial, autoregressive])


@MAPS
def test_there_and_back_is_nowhere(make):
    flow, z = make(200), 3 * normal(200, DIM).double()
    assert torch.allclose(flow.back(flow.there(z)[0]), z, atol=1e-5)
    assert torch.allclose(flow.there(flow.back(z))[0], z, atol=1e-5)


@MAPS
def test_the_determinant_is_the_jacobians(make):
    flow, z = make(20), 2 * normal(20, DIM).double()
    for row in range(20):
        jacobian = torch.autograd.functional.jacobian(lambda x: flow.there(x)[0], z)[row, :, row]
        assert flow.there(z)[1][row].item() == pytest.approx(torch.linalg.slogdet(jacobian).logabsdet.item(), abs=1e-5)


@MAPS
def test_the_way_back_has_the_gradient_of_the_way_there(make):
    flow, z = make(5), normal(5, DIM).double()
    there = torch.autograd.functional.jacobian(lambda x: flow.there(x)[0], z)
    back = torch.autograd.functional.jacobian(flow.back, flow.there(z)[0])
    for row in range(5):
        assert torch.allclose(back[row, :, row] @ there[row, :, row], torch.eye(DIM).double(), atol=1e-6)


def bent(rows=1):
    base = DiagonalGaussian(normal(rows, 2, seed=4), normal(rows, 2, seed=5) - 1)
    u, w = 2 * normal(rows, 2, seed=6), 2 * normal(rows, 2, seed=7)
    centre, alpha = normal(rows, 2, seed=8), torch.ones(rows, 1)
    return FlowPosterior(base, [Planar(u, w, torch.zeros(rows, 1)), Radial(centre, alpha, 3 * torch.ones(rows, 1))])


def test_a_bent_density_adds_up_to_one_and_is_that_of_its_draws():
    posterior = bent()
    side = torch.linspace(-9, 9, 901)
    places = torch.cartesian_prod(side, side)[:, None]
    assert posterior.log_prob(places).sum(-1).exp().sum().item() * 0.02**2 == pytest.approx(1.0, abs=2e-3)
    z, log_q = posterior.drawn(normal(50, 1, 2))
    assert torch.allclose(posterior.log_prob(z), log_q, atol=1e-4)
    assert torch.equal(z, posterior.at(normal(50, 1, 2)))
    cut = posterior.detached()
    assert torch.equal(cut.log_prob(z), posterior.log_prob(z))


def test_the_divergence_of_a_bent_posterior_is_its_mean_over_draws():
    posterior, prior = bent(), StandardNormal()
    z, log_q = posterior.drawn(normal(4000, 1, 2))
    one = prior.divergence(posterior, z).sum(-1).mean().item()
    assert one == pytest.approx((log_q.sum(-1) - prior.log_prob(z).sum(-1)).mean().item(), abs=1e-3)
    assert one > 0


@pytest.mark.parametrize(("dim", "concentration"), [(2, 1.0), (3, 0.5), (3, 20.0), (8, 50.0), (20, 900.0)])
def test_directions_have_the_density_and_the_spread_that_are_known(dim, concentration):
    """log of the normalising constant and the mean resultant length by the modified Bessel functions."""
    from scipy.special import ive

    direction = F.normalize(normal(1, dim), dim=-1)
    posterior = VonMisesFisher(direction, torch.tensor([[concentration]]))
    order = dim / 2 - 1
    log_bessel = math.log(ive(order, concentration)) + concentration
    log_constant = order * math.log(concentration) - dim / 2 * math.log(2 * math.pi) - log_bessel
    wanted = log_constant + concentration
    assert posterior.log_prob(direction).sum().item() == pytest.approx(wanted, abs=1e-3 * max(1, abs(wanted)))
    length = ive(dim / 2, concentration) / ive(order, concentration)
    z = posterior.at(normal(20_000, 1, dim))
    assert torch.allclose(z.norm(dim=-1), torch.ones(20_000, 1), atol=1e-5)
    assert (z * direction).sum(-1).mean().item() == pytest.approx(length, abs=0.02 * (1 - length) + 1e-3)
    kl = UniformSphere().divergence(posterior, z[0]).item()
    assert kl == pytest.approx(concentration * length + log_constant + log_area(dim), abs=2e-3 * max(1.0, kl))


def test_more_concentrated_draws_move_towards_the_mean_direction():
    concentration = torch.full((500, 1), 10.0, requires_grad=True)
    posterior = VonMisesFisher(torch.eye(4)[:1].expand(500, -1), concentration)
    (slope,) = torch.autograd.grad(posterior.at(normal(500, 4))[:, 0].sum(), concentration)
    assert (slope > 0).all()
    step = 1e-2
    there, here = (
        VonMisesFisher(torch.eye(4)[:1].expand(500, -1), torch.full((500, 1), c)).at(normal(500, 4))[:, 0].mean()
        for c in (10.0 + step, 10.0 - step)
    )
    assert slope.mean().item() == pytest.approx(((there - here) / (2 * step)).item(), rel=0.05)


def test_the_uniform_sphere_is_uniform():
    prior = UniformSphere()
    with RandomStream(0):
        z = prior.sample((20_000, 3))
    assert torch.allclose(z.norm(dim=-1), torch.ones(20_000), atol=1e-5)
    assert prior.log_prob(z[:5]).flatten().tolist() == pytest.approx([-math.log(4 * math.pi)] * 5, abs=1e-5)
    assert torch.allclose(z.mean(0), torch.zeros(3), atol=0.02)
    assert (z[:, 0] < -0.5).float().mean().item() == pytest.approx(0.25, abs=0.015)  # heights are uniform (Archimedes)
