"""A linear system with normal noise has a closed form: its density, what interventions make of it, counterfactuals."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import MultivariateNormal

from isthmus.bottlenecks.causal import Causal
from isthmus.errors import ParameterError
from isthmus.layers.diagonal_gaussian import DiagonalGaussian
from isthmus.layers.known_concepts import KnownConcepts
from isthmus.priors.structural_equations import LEAST, MOST, StructuralEquations

# 0 -> 1, 0 -> 2, 1 -> 3, 2 -> 3, and 4 by itself
SLOPES = torch.tensor(
    [[0, 0, 0, 0, 0], [1.5, 0, 0, 0, 0], [-0.5, 0, 0, 0, 0], [0, 0.7, 2.0, 0, 0], [0, 0, 0, 0, 0]], dtype=torch.float64
)
CONSTANTS = torch.tensor([0.3, -1.0, 0.0, 2.0, 0.5], dtype=torch.float64)
SD = torch.tensor([1.2, 0.5, 0.8, 0.3, 1.0], dtype=torch.float64)
DRAWS = 40_000


@pytest.fixture
def prior():
    made = StructuralEquations([torch.nonzero(row)[:, 0].tolist() for row in SLOPES], hidden=()).double()
    middle, reach = (MOST + LEAST) / 2, (MOST - LEAST) / 2
    with torch.no_grad():
        made.raw_log_var.copy_(middle + reach * torch.atanh((2 * SD.log() - middle) / reach))
        for equation, row, constant in zip(made.equations, SLOPES, CONSTANTS, strict=True):
            equation.constant.fill_(constant.item())
            if equation.slopes is not None:
                equation.slopes.copy_(row[row != 0])
    return made


def moments(fixed):
    """Mean and covariance of the system in which some nodes are set: no causes and no noise of their own."""
    slopes, constants, var = SLOPES.clone(), CONSTANTS.clone(), SD.square()
    for node, value in fixed.items():
        slopes[node], constants[node], var[node] = 0, value, 0
    whole = torch.linalg.inv(torch.eye(5, dtype=torch.float64) - slopes)
    return whole @ constants, whole @ torch.diag(var) @ whole.T


def tensors(fixed):
    return {node: torch.tensor([value], dtype=torch.float64) for node, value in fixed.items()}


def test_the_density_is_the_joint_normal(prior):
    u = torch.randn(50, 5, dtype=torch.float64)
    joint = MultivariateNormal(*moments({}))
    assert prior.log_prob(u).sum(1).tolist() == pytest.approx(joint.log_prob(u).tolist(), rel=1e-5)
    assert prior.log_var.exp().sqrt().tolist() == pytest.approx(SD.tolist(), rel=1e-6)


@pytest.mark.parametrize("fixed", [{}, {0: 2.0}, {1: -1.0}, {1: 3.0, 2: -2.0}, {0: 1.0, 3: 5.0}, {4: 0.0, 1: 1.0}])
def test_draws_of_a_world_with_nodes_set_have_its_moments(prior, fixed):
    with torch.no_grad():
        u = prior.intervened(prior.sample((DRAWS, 5)).double(), tensors(fixed))
    mean, covariance = moments(fixed)
    noise = 5 * covariance.diagonal().sqrt() / math.sqrt(DRAWS)
    assert bool(((u.mean(0) - mean).abs() <= noise + 1e-6).all())
    scale = covariance.diagonal().sqrt().outer(covariance.diagonal().sqrt())
    assert bool(((u.T.cov() - covariance).abs() <= 0.05 * scale + 1e-9).all())


@pytest.mark.parametrize("fixed", [{0: 2.0}, {1: -1.0}, {1: 3.0, 2: -2.0}, {0: 1.0, 1: 0.0}, {3: 1.0}])
def test_a_counterfactual_keeps_the_noise_exactly(prior, fixed):
    u = torch.randn(30, 5, dtype=torch.float64)
    noise = u @ (torch.eye(5, dtype=torch.float64) - SLOPES).T - CONSTANTS
    slopes, given = SLOPES.clone(), noise + CONSTANTS
    for node, value in fixed.items():
        slopes[node], given[:, node] = 0, value
    wanted = given @ torch.linalg.inv(torch.eye(5, dtype=torch.float64) - slopes).T
    with torch.no_grad():
        found = prior.intervened(u, tensors(fixed))
    assert torch.allclose(found, wanted, atol=1e-10)
    reached = {0: {1, 2, 3}, 1: {3}, 2: {3}, 3: set(), 4: set()}
    stay = set(range(5)) - set(fixed).union(*(reached[node] for node in fixed))
    assert stay
    for node in stay:  # not a bit of them changes
        assert torch.equal(found[:, node], u[:, node])


def test_curved_equations_keep_what_they_are_told_to_keep():
    prior = StructuralEquations([[], [0], [0, 1], []], hidden=(8,))
    with torch.no_grad():
        for parameter in prior.parameters():
            parameter.normal_()
        z = torch.randn(20, 6)  # two free numbers behind four concepts
        same = prior.intervened(z, {0: z[:, 0]})
        other = prior.intervened(z, {1: z[:, 1] + 1})
    assert torch.allclose(same, z, atol=1e-5)
    assert torch.equal(other[:, [0, 3, 4, 5]], z[:, [0, 3, 4, 5]])
    assert bool((other[:, 2] != z[:, 2]).all())
    noise = z[:, 2] - prior.expected(z)[:, 2]
    assert torch.allclose(other[:, 2] - prior.expected(other)[:, 2], noise, atol=1e-5)


def test_strengths_of_lines_are_their_slopes(prior):
    found = prior.strengths(torch.randn(10, 5, dtype=torch.float64))
    assert torch.allclose(found, SLOPES.abs())


def test_free_numbers_cost_their_exact_divergence():
    prior = StructuralEquations([[], [0]])
    mean, log_var = torch.tensor([[0.3, -1.0, 2.0]]), torch.tensor([[0.1, -2.0, -1.0]])
    q = DiagonalGaussian(mean, log_var)
    one, other = (prior.divergence(q, q.at(torch.randn(1, 3))).detach() for _ in range(2))
    assert one[0, 2].item() == other[0, 2].item() == pytest.approx(0.5 * (4 + math.exp(-1) - 1 + 1))
    assert one[0, 0] != other[0, 0]


def test_what_is_known_costs_its_own_surprise_alone():
    prior = StructuralEquations([[], [0]])
    untold = DiagonalGaussian(torch.zeros(1, 3), torch.zeros(1, 3))
    values, known = torch.tensor([[2.0, -1.0, 0.0]]), torch.tensor([[True, True, False]])
    q = KnownConcepts(untold, values, known)
    z = q.at(torch.ones(1, 3))
    assert z.tolist() == [[2.0, -1.0, 1.0]]
    assert q.mean.tolist() == [[2.0, -1.0, 0.0]]
    assert torch.allclose(prior.divergence(q, z)[:, :2], -prior.log_prob(z)[:, :2])
    assert prior.divergence(q, z)[0, 2] == 0
    cut = KnownConcepts(DiagonalGaussian(untold.mean.requires_grad_(), untold.log_var), values, known).detached()
    assert not cut.mean.requires_grad


def test_parents_that_are_not_there_are_refused():
    with pytest.raises(ParameterError, match=r"parents\[1\] names 5; there are 2 concepts"):
        StructuralEquations([[], [5]])
    with pytest.raises(ParameterError, match="cycle: 0 -> 1 -> 0"):
        StructuralEquations([[1], [0]])
    with pytest.raises(ParameterError, match="there are 3 concepts; the code has 2 numbers"):
        StructuralEquations([[], [], []]).connect(None, Causal(concepts=1, free_dim=1))
    assert np.isfinite(StructuralEquations([[]]).sample((3, 1)).detach().numpy()).all()
