"""Every likelihood is one: it sums to 1, its samples are like it, and units are nats."""

import math

import pytest
import torch
from examples import make, parts
from round_trip import rebuilt

from isthmus import catalogue
from isthmus.training.random_stream import RandomStream

ALL = pytest.mark.parametrize("name", parts("likelihoods"))


def outputs(likelihood, count=3, seed=0):
    return torch.randn(count, likelihood.outputs, 1, generator=torch.Generator().manual_seed(seed))


def levels(name, likelihood):
    """All values that x can take, or None for real ones."""
    return {"bernoulli": [0.0, 1.0], "categorical": [float(i) for i in range(likelihood.outputs)]}.get(name)


@ALL
def test_probabilities_sum_to_one(name):
    likelihood = make("likelihoods", name).eval()
    output = outputs(likelihood)
    known = levels(name, likelihood)
    if known is not None:
        total = sum(likelihood.log_prob_values(output, torch.full((3, 1), v)).exp() for v in known)
    else:
        grid = torch.linspace(-60, 60, 60_001)
        total = torch.stack([likelihood.log_prob_values(output, x.expand(3, 1)).exp() for x in grid]).sum(0) * 0.002
    assert torch.allclose(total, torch.ones(3, 1), atol=2e-3)


@ALL
def test_samples_have_the_mean_and_the_entropy_of_the_density(name):
    likelihood = make("likelihoods", name).eval()
    output = outputs(likelihood)
    with RandomStream(0):
        draws = torch.stack([likelihood.sample(output) for _ in range(6000)])
    assert torch.allclose(draws.mean(0), likelihood.mean(output), atol=0.12)
    # mean log-density of its own samples against that of samples drawn by another stream
    with RandomStream(1):
        others = torch.stack([likelihood.sample(output) for _ in range(6000)])
    own = torch.stack([likelihood.log_prob_values(output, d) for d in draws]).mean()
    other = torch.stack([likelihood.log_prob_values(output, d) for d in others]).mean()
    assert own.item() == pytest.approx(other.item(), abs=0.05)


@ALL
def test_it_sums_over_features_and_keeps_examples_apart(name):
    likelihood = make("likelihoods", name).eval()
    output = torch.randn(4, likelihood.outputs, 3, generator=torch.Generator().manual_seed(0))
    target = torch.zeros(4, 3)
    whole = likelihood.log_prob(output, target)
    assert whole.shape == (4,)
    assert torch.allclose(whole, likelihood.log_prob_values(output, target).sum(1))
    alone = torch.cat([likelihood.log_prob(output[i : i + 1], target[i : i + 1]) for i in range(4)])
    assert torch.allclose(whole, alone, atol=1e-5)


@ALL
def test_invalid_positions_do_not_count(name):
    likelihood = make("likelihoods", name).eval()
    output = torch.randn(2, likelihood.outputs, 3, generator=torch.Generator().manual_seed(0))
    valid = torch.tensor([[True, True, False], [True, False, False]])
    one = likelihood.log_prob(output, torch.zeros(2, 3), valid)
    other = likelihood.log_prob(output, torch.where(valid, 0.0, 1.0), valid)
    assert torch.equal(one, other)
    with pytest.raises(ValueError, match="valid has shape"):
        likelihood.log_prob(output, torch.zeros(2, 3), valid[:, :2])


@ALL
def test_the_link_inverts_the_mean(name):
    likelihood = make("likelihoods", name).eval()
    if likelihood.outputs > 1:
        pytest.skip("several outputs for a value")
    target = torch.tensor([[0.1, 0.5, 0.9]])
    assert torch.allclose(likelihood.mean(likelihood.link(target)[:, None]), target, atol=1e-3)


@ALL
def test_half_precision_outputs_are_judged_in_float32(name):
    likelihood = make("likelihoods", name).eval()
    output = outputs(likelihood)
    found = likelihood.log_prob(output.bfloat16(), torch.zeros(3, 1))
    assert found.dtype == torch.float32
    assert torch.allclose(found, likelihood.log_prob(output.bfloat16().float(), torch.zeros(3, 1)))


@ALL
def test_extreme_outputs_stay_finite_and_have_gradients(name):
    likelihood = make("likelihoods", name)
    output = torch.full((2, likelihood.outputs, 1), 80.0).requires_grad_()
    loss = likelihood.log_prob(output, torch.zeros(2, 1)).sum()
    loss.backward()
    assert bool(loss.isfinite())
    assert bool(output.grad.isfinite().all())


@ALL
def test_it_survives_json(name):
    part, copy = rebuilt("likelihoods", name)
    output = outputs(part)
    assert torch.equal(part.log_prob(output, torch.zeros(3, 1)), copy.log_prob(output, torch.zeros(3, 1)))


def test_bernoulli_equals_torch():
    logits, x = torch.randn(5, 1, 7), torch.randint(0, 2, (5, 7)).float()
    wanted = torch.distributions.Bernoulli(logits=logits[:, 0]).log_prob(x).sum(1)
    found = catalogue.make("likelihoods", "bernoulli", {}).log_prob(logits, x)
    assert torch.allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("scale", [0.3, 1.0])
def test_gaussian_and_laplace_equal_torch(scale):
    output, x = torch.randn(5, 1, 7), torch.randn(5, 7)
    gaussian = catalogue.make("likelihoods", "gaussian", {"variance": "fixed", "scale": scale})
    laplace = catalogue.make("likelihoods", "laplace", {"spread": "fixed", "scale": scale})
    distributions = torch.distributions
    wanted = distributions.Normal(output[:, 0], scale).log_prob(x).sum(1)
    assert torch.allclose(gaussian.log_prob(output, x), wanted, atol=1e-4)
    wanted = distributions.Laplace(output[:, 0], scale).log_prob(x).sum(1)
    assert torch.allclose(laplace.log_prob(output, x), wanted, atol=1e-4)


def test_the_optimal_variance_is_the_mean_squared_error():
    likelihood = catalogue.make("likelihoods", "gaussian", {"variance": "optimal"}).train()
    output, x = torch.zeros(50, 1, 4), 3.0 * torch.randn(50, 4, generator=torch.Generator().manual_seed(0))
    mse = x.square().mean()
    wanted = -0.5 * 4 * (1 + math.log(2 * math.pi) + mse.log())
    assert likelihood.log_prob(output, x).mean().item() == pytest.approx(wanted.item(), rel=1e-4)
    likelihood.eval().calibrate(output, x)
    assert likelihood.running_mse.item() == pytest.approx(mse.item())
