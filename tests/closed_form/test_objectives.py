"""Objectives of continuous codes against what is known of them."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from isthmus.layers.aggregate_posterior import aggregate_densities
from isthmus.layers.diagonal_gaussian import DiagonalGaussian
from isthmus.layers.square_gradient import mean_square_gradient
from isthmus.records import Batch, Code, Trace, View
from isthmus.schedules.linear_warmup import LinearWarmup
from isthmus.terms.capacity import Capacity
from isthmus.terms.covariance_match import CovarianceMatch
from isthmus.terms.importance_bound import ImportanceBound
from isthmus.terms.mmd import discrepancy
from isthmus.terms.sliced_wasserstein import SlicedWasserstein
from isthmus.terms.total_correlation import TotalCorrelation
from isthmus.training.random_stream import RandomStream


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def trace_of(z, *, posterior=None, drawn=None, costs=None, **more):
    x = torch.zeros(len(z), 3)
    code = Code(z=z, posterior=posterior, costs=costs or {})
    return Trace(batch=Batch(x=x), view=View(x=x), features=z, code=code, drawn=drawn, **more)


# -- importance-weighted bounds ----------------------------------------------------------------------


class System(nn.Module):
    """p(z) = N(0, 1), p(x | z) = N(a z, 1), q(z | x) = N(b x, s^2): one number each."""

    def __init__(self, b=0.7, log_var=-0.3, a=1.5):
        super().__init__()
        self.b, self.log_var, self.a = (nn.Parameter(torch.tensor(value)) for value in (b, log_var, a))

    def trace(self, x, noise):
        """Of rows ``x [n, 1]`` with ``noise [draws, n, 1]``."""
        posterior = DiagonalGaussian(self.b * x, self.log_var.expand_as(x))
        z, probes = posterior.at(noise[0]), posterior.at(noise[1:])
        every = torch.cat([z[None], probes])
        fit = -0.5 * ((x - self.a * every).square() + math.log(2 * math.pi)).sum(-1)
        prior = -0.5 * (every.square() + math.log(2 * math.pi)).sum(-1)
        code = Code(z=z, probes=probes, posterior=posterior, log_prior=prior)
        batch, view = Batch(x=x), View(x=x)
        return Trace(batch=batch, view=view, features=x, code=code, log_likelihood=fit[0], probed=fit[1:])

    def log_p(self, x):
        variance = 1 + self.a.detach() ** 2
        return -0.5 * (x.square() / variance + torch.log(2 * math.pi * variance))[:, 0]


def test_with_many_draws_the_bound_is_log_p():
    x, system = normal(6, 1), System()
    with torch.no_grad():
        bound = -ImportanceBound()(system.trace(x, normal(200_000, 6, 1, seed=1)), {})
    assert torch.allclose(bound, system.log_p(x), atol=3e-3)


def test_with_the_exact_posterior_any_number_of_draws_gives_log_p():
    a, x = 1.5, normal(6, 1)
    system = System(b=a / (1 + a * a), log_var=-math.log(1 + a * a), a=a)
    for draws in (1, 2, 7):
        bound = -ImportanceBound()(system.trace(x, normal(draws, 6, 1, seed=1)), {})
        assert torch.allclose(bound, system.log_p(x), atol=1e-5)


def test_more_draws_are_tighter_and_groups_and_the_elbo_lie_between():
    x, system, noise = normal(4, 1), System(), normal(24, 4000, 4, 1, seed=1)

    def mean(draws, **words):
        with torch.no_grad():
            traces = (system.trace(x.repeat(4000, 1), noise[:draws].reshape(draws, -1, 1)) for _ in range(1))
            return -ImportanceBound(**words)(next(traces), {}).mean().item()

    one, six, all_ = mean(1), mean(6), mean(24)
    assert one < six < all_ < system.log_p(x).mean().item() + 1e-3
    assert mean(24, groups=4) == pytest.approx(six, abs=0.01)
    assert mean(24, elbo_share=0.5) == pytest.approx((one + all_) / 2, abs=0.01)


def gradients(words, draws, batches=60, rows=2000):
    """Mean gradient of b, log_var and a, and its spread from batch to batch."""
    system, found = System(), []
    for seed in range(batches):
        x = torch.full((rows, 1), 1.3)
        cost = ImportanceBound(**words)(system.trace(x, normal(draws, rows, 1, seed=seed)), {}).mean()
        found.append([g.item() for g in torch.autograd.grad(cost, [system.b, system.log_var, system.a])])
    return np.mean(found, axis=0), np.std(found, axis=0)


@pytest.mark.parametrize("words", [{}, {"groups": 4}, {"elbo_share": 0.3}])
def test_the_doubly_reparameterised_gradient_has_the_plain_ones_mean_and_less_noise(words):
    plain, noise = gradients({"gradient": "plain", **words}, draws=8)
    better, less = gradients(words, draws=8)
    assert np.allclose(plain, better, atol=4 * noise / math.sqrt(60))
    assert (less[:2] < 0.8 * noise[:2]).all()


def test_squared_weights_are_that_gradient_for_whoever_has_the_encoder_alone():
    x, noise, system = torch.full((50, 1), 1.3), normal(8, 50, 1), System()

    def of(gradient):
        cost = ImportanceBound(gradient=gradient)(system.trace(x, noise), {}).mean()
        return torch.autograd.grad(cost, [system.b, system.log_var])

    assert all(torch.allclose(a, b) for a, b in zip(of("squared"), of("doubly_reparameterised"), strict=True))


# -- what codes are together -------------------------------------------------------------------------


def test_over_all_the_data_the_aggregate_posterior_is_exact():
    means, z = normal(30, 2), normal(30, 2, seed=1)
    found = aggregate_densities(DiagonalGaussian(means, torch.zeros(30, 2)), z, rows=30)
    each = torch.distributions.Normal(means[None], 1.0).log_prob(z[:, None])  # [code, row, dim]
    assert torch.allclose(found.joint, each.sum(-1).logsumexp(1) - math.log(30), atol=1e-5)
    assert torch.allclose(found.marginals, (each.logsumexp(1) - math.log(30)).sum(1), atol=1e-5)


@pytest.mark.parametrize("correlation", [0.0, 0.6, 0.9])
def test_the_total_correlation_of_gaussian_codes_is_known(correlation):
    """-log(1 - r^2) / 2 for N(0, [[1, r], [r, 1]]): posteriors of variance .05 about means of the rest."""
    rows, small = 3000, 0.05
    covariance = torch.tensor([[1.0, correlation], [correlation, 1.0]])
    means = normal(rows, 2) @ torch.linalg.cholesky(covariance - small * torch.eye(2)).T
    posterior = DiagonalGaussian(means, torch.full((rows, 2), math.log(small)))
    z = posterior.at(normal(rows, 2, seed=1))
    found = TotalCorrelation(rows)(trace_of(z, posterior=posterior), {})
    assert found.item() == pytest.approx(-0.5 * math.log(1 - correlation**2), abs=0.05)


def test_the_distance_from_the_identity_is_counted_by_hand():
    means = torch.tensor([[1.0, 1.0], [-1.0, -1.0]])  # covariance 2 everywhere
    posterior = DiagonalGaussian(means, torch.full((2, 2), math.log(0.5)))
    given = trace_of(means, posterior=posterior)
    assert CovarianceMatch("means", diagonal=3.0)(given, {}).item() == pytest.approx(2 * 4 + 3 * 2 * 1)
    assert CovarianceMatch("codes", diagonal=3.0)(given, {}).item() == pytest.approx(2 * 4 + 3 * 2 * 1.5**2)


def test_the_discrepancy_of_two_samples_by_hand():
    a, b = torch.tensor([[0.0], [2.0]]), torch.tensor([[1.0], [3.0]])

    def k(distance):
        return 2 / (2 + distance**2)

    between = (k(1) + k(3) + k(1) + k(1)) / 4
    assert discrepancy(a, b).item() == pytest.approx(2 * k(2) - 2 * between)


@given(st.integers(2, 40), st.integers(1, 4), st.floats(0.2, 3.0))
def test_the_discrepancy_is_symmetric_and_deaf_to_order(count, dim, scale):
    a, b = normal(count, dim), scale * normal(count + 3, dim, seed=1)
    one = discrepancy(a, b, "gaussian")
    assert torch.allclose(one, discrepancy(b, a, "gaussian"), atol=1e-5)
    assert torch.allclose(one, discrepancy(a.flip(0), b, "gaussian"), atol=1e-5)


def test_of_samples_that_are_alike_the_discrepancy_is_none_on_the_mean():
    found = [discrepancy(normal(64, 3, seed=2 * i), normal(64, 3, seed=2 * i + 1)).item() for i in range(200)]
    assert abs(np.mean(found)) < 4 * np.std(found) / math.sqrt(200)


def test_the_sliced_distance_of_a_shift_is_its_share_along_a_direction():
    z = normal(500, 4)
    with RandomStream(0):
        found = SlicedWasserstein(directions=4000)(trace_of(z + 2.0, drawn=z), {})
    assert found.item() == pytest.approx(4 * 2.0**2 / 4, rel=0.05)  # |shift|^2 / dim


def test_the_jacobian_of_a_linear_map_is_its_matrix():
    matrix = normal(5, 3)
    x = normal(7, 3, seed=1).requires_grad_()
    with RandomStream(0):
        found = mean_square_gradient(x @ matrix.T, x, directions=4000)
    assert torch.allclose(found, matrix.square().sum().expand(7), rtol=0.05)


def test_the_capacity_rises_and_is_met_from_both_sides():
    term, z = Capacity("kl", LinearWarmup(steps=10, end=8.0)), torch.zeros(4, 2)
    given = trace_of(z, costs={"kl": torch.full((4,), 5.0)})
    assert [term(given, {"capacity": term.moving["capacity"].at(step)}).item() for step in (0, 5, 10)] == [5, 1, 3]
    assert term(given, {}).item() == 3  # in the end
