"""The divergence of a Gaussian from the standard normal, against an integral taken numerically."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from isthmus import catalogue
from isthmus.layers.diagonal_gaussian import DiagonalGaussian
from isthmus.layers.discrete import Bits, OneHotGroups

PRIOR = catalogue.make("priors", "standard_normal", {})


@given(mean=st.floats(-4, 4), log_var=st.floats(-6, 3))
def test_it_is_the_integral(mean, log_var):
    posterior = DiagonalGaussian(torch.tensor([[mean]]).double(), torch.tensor([[log_var]]).double())
    sd = torch.tensor(log_var).double().mul(0.5).exp()
    z = (mean + sd * torch.linspace(-12, 12, 4001, dtype=torch.float64))[:, None]
    log_q, log_p = posterior.log_prob(z), PRIOR.log_prob(z)
    wanted = torch.trapezoid((log_q.exp() * (log_q - log_p))[:, 0], z[:, 0])
    found = PRIOR.divergence(posterior, z[:1]).item()
    assert found == pytest.approx(wanted.item(), abs=1e-6)
    assert found >= -1e-12


@given(mean=st.floats(-4, 4), log_var=st.floats(-6, 3))
def test_it_equals_torchs(mean, log_var):
    posterior = DiagonalGaussian(torch.tensor([[mean]]), torch.tensor([[log_var]]))
    normal = torch.distributions.Normal(posterior.mean, (0.5 * posterior.log_var).exp())
    wanted = torch.distributions.kl_divergence(normal, torch.distributions.Normal(0.0, 1.0))
    assert torch.allclose(PRIOR.divergence(posterior, posterior.mean), wanted, atol=1e-4)
    z = torch.tensor([[0.3], [-2.0]])
    assert torch.allclose(posterior.log_prob(z), normal.log_prob(z), atol=1e-3, rtol=1e-4)


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("made", [lambda a: DiagonalGaussian(a, a / 2), Bits, lambda a: OneHotGroups(a, classes=2)])
def test_many_draws_at_once_are_those_one_by_one(made, rows):
    torch.manual_seed(0)
    posterior, noise = made(torch.randn(3, 2, 4)), torch.randn(5, rows, 2, 4)
    z = posterior.at(noise)
    assert torch.equal(z, torch.stack([posterior.at(each) for each in noise]))
    assert torch.equal(posterior.log_prob(z), torch.stack([posterior.log_prob(each) for each in z]))
