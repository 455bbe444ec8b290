"""Every prior: samples are like its density, and the divergence is the one of Monte Carlo."""

import pytest
import torch
from examples import make, parts
from round_trip import rebuilt

from isthmus.layers.diagonal_gaussian import DiagonalGaussian
from isthmus.stations import Prior
from isthmus.training.random_stream import RandomStream

ALL = pytest.mark.parametrize("name", parts("priors"))


@ALL
def test_samples_follow_the_density(name):
    prior = make("priors", name)
    with RandomStream(0):
        z = prior.sample((20_000, 2))
    assert z.shape == (20_000, 2)
    # E[1 / p(z) over a box] = the box's area, for samples of p
    inside = (z.abs() < 1).all(1)
    area = (-prior.log_prob(z).flatten(1).sum(1)).exp()[inside].sum() / len(z)
    assert area.item() == pytest.approx(4.0, rel=0.05)


@ALL
def test_the_divergence_is_the_one_of_monte_carlo_and_not_negative(name):
    prior = make("priors", name)
    mean = torch.tensor([[0.5, -1.0]])
    posterior = DiagonalGaussian(mean, torch.tensor([[0.3, -2.0]]))
    exact = prior.divergence(posterior, mean).sum()
    with RandomStream(0):
        draws = [posterior.at(torch.randn(1, 2)) for _ in range(20_000)]
    rough = torch.stack([Prior.divergence(prior, posterior, z).sum() for z in draws]).mean()
    assert exact >= 0
    assert exact.item() == pytest.approx(rough.item(), abs=0.05)


@ALL
def test_it_survives_json(name):
    part, copy = rebuilt("priors", name)
    z = torch.randn(3, 2)
    assert torch.equal(part.log_prob(z), copy.log_prob(z))
