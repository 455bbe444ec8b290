"""Flows lead back exactly, and their log-determinants are those of the Jacobians."""

import math

import pytest
import torch

from isthmus.errors import ParameterError
from isthmus.layers.masked_dense import MaskedDense
from isthmus.layers.whitening import Whitening
from isthmus.priors.coupling_flow import CouplingFlow
from isthmus.priors.full_gaussian import FullGaussian
from isthmus.priors.masked_autoregressive_flow import MaskedAutoregressiveFlow
from isthmus.training.random_stream import RandomStream

MADE = {
    "full": lambda dim: FullGaussian(dim),
    "masked": lambda dim: MaskedAutoregressiveFlow(dim, layers=3, hidden=(7, 5)),
    "coupling": lambda dim: CouplingFlow(dim, layers=5, hidden=(7, 5)),
}
CASES = [(kind, dim) for kind in MADE for dim in (1, 2, 3, 5) if (kind, dim) != ("coupling", 1)]


def flow(kind, dim, seed=0):
    """With weights far from those of the start."""
    with RandomStream(seed):
        made = MADE[kind](dim)
        for parameter in made.parameters():
            torch.nn.init.normal_(parameter, std=0.5)
        return made.flow, torch.randn(6, dim)


@pytest.mark.parametrize(("kind", "dim"), CASES)
def test_there_and_back(kind, dim):
    moving, z = flow(kind, dim)
    with torch.no_grad():
        assert torch.allclose(moving.backwards(moving(z).values), z, atol=1e-5)
        assert torch.allclose(moving(moving.backwards(z)).values, z, atol=1e-5)


@pytest.mark.parametrize(("kind", "dim"), CASES)
def test_the_log_determinant_is_that_of_the_jacobian(kind, dim):
    moving, z = flow(kind, dim)
    moving, z = moving.double(), z.double()
    for row in z:
        jacobian = torch.autograd.functional.jacobian(lambda v: moving(v).values, row)
        assert moving(row).log_det.item() == pytest.approx(torch.linalg.slogdet(jacobian).logabsdet.item(), abs=1e-8)


@pytest.mark.parametrize("dim", [1, 2, 6])
@pytest.mark.parametrize("hidden", [(), (9,), (4, 8)])
def test_a_number_is_told_of_those_before_it_only(dim, hidden):
    with RandomStream(0):
        layer = MaskedDense(dim, 2, hidden, "tanh").double()
        for parameter in layer.parameters():
            torch.nn.init.normal_(parameter)
        x = torch.randn(dim).double()
    told = torch.autograd.functional.jacobian(layer, x)  # [2, dim, dim]
    before = torch.ones(dim, dim).tril(-1).bool()
    assert not told[:, ~before].any()
    assert bool((told[:, before] != 0).all()) or min(hidden, default=9) < dim - 1  # where there are units for each


@pytest.mark.parametrize("kind", ["masked", "coupling"])
def test_it_begins_as_the_gaussian_of_the_codes(kind):
    with RandomStream(0):
        codes = torch.randn(300, 3) @ torch.randn(3, 3) + 5
        prior, gaussian = MADE[kind](3), FullGaussian(3)
    prior.initialise(codes, codes)
    gaussian.fit(codes)
    assert torch.allclose(prior.log_prob(codes), gaussian.log_prob(codes), atol=1e-4)


def test_a_full_gaussian_is_that_of_torch():
    with RandomStream(0):
        codes = torch.randn(5000, 3) @ torch.randn(3, 3) + 5
    prior = FullGaussian(3)
    prior.fit(codes)
    wanted = torch.distributions.MultivariateNormal(codes.mean(0), codes.T.cov())
    assert (prior.log_prob(codes)[:, 0] - wanted.log_prob(codes)).abs().mean() < 0.01  # correlations a little weaker


def test_few_codes_and_numbers_that_never_vary_leave_a_density():
    with RandomStream(0):
        codes = torch.randn(6, 10)
    codes[:, 3] = 2.0
    layer = Whitening(10)
    layer.start(codes)
    assert bool(layer(codes).values.isfinite().all())
    prior = FullGaussian(10)
    prior.fit(torch.ones(6, 10))
    assert bool(prior.log_prob(torch.ones(6, 10)).isfinite().all())
    assert bool(prior.sample((4, 10)).isfinite().all())


def test_all_mistakes_are_told_at_once():
    with pytest.raises(ParameterError, match=r"(?s)latent_dim is 1; expected 2 or more.*layers is 0"):
        CouplingFlow(1, layers=0)
    with pytest.raises(ParameterError, match=r"(?s)latent_dim is 0.*layers is 0"):
        MaskedAutoregressiveFlow(0, layers=0)
    with pytest.raises(ParameterError, match="hidden is"):
        MaskedAutoregressiveFlow(2, hidden=(0,))
    with pytest.raises(ParameterError, match="latent_dim is 0"):
        FullGaussian(0)
    assert math.isclose(FullGaussian(1).log_prob(torch.zeros(1, 1)).item(), -0.5 * math.log(2 * math.pi), rel_tol=1e-6)
