"""Negative binomials: scipy's probabilities, library sizes, gates, and the moments that training starts from."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from isthmus import catalogue
from isthmus.errors import ParameterError
from isthmus.layers.negative_binomial import CountRates, drawn_counts, log_negative_binomial
from isthmus.training.random_stream import RandomStream

NAMES = ("negative_binomial", "zero_inflated_negative_binomial")
BOTH = pytest.mark.parametrize("name", NAMES)


def make(name, **arguments):
    return catalogue.make("likelihoods", name, arguments)


def scipys(x, mean, theta):
    return stats.nbinom.logpmf(np.asarray(x), theta, theta / (theta + mean))


def of_sizes(theta, **arguments):
    """A negative binomial with these inverse dispersions."""
    likelihood = make("negative_binomial", **arguments)
    with torch.no_grad():
        likelihood.rates.raw_theta.copy_(9 * torch.atanh(torch.as_tensor(theta).log() / 9))
    return likelihood


@given(x=st.integers(0, 5000), log_mean=st.floats(-12, 8), log_theta=st.floats(-7, 9))
@settings(max_examples=300, deadline=None)
def test_probabilities_are_scipys_in_float32(x, log_mean, log_theta):
    given_ = [torch.tensor(float(number)) for number in (x, log_mean, log_theta)]
    wanted = scipys(x, *(float(number.double().exp()) for number in given_[1:]))
    assert log_negative_binomial(*given_).item() == pytest.approx(wanted, rel=2e-4, abs=1e-2 if x > 100 else 1e-3)


@pytest.mark.parametrize("theta", [1e-3, 0.7, 30.0, 5000.0])
def test_gradients_are_those_of_double_precision(theta):
    x = torch.tensor([0.0, 1.0, 3.0, 40.0, 2000.0])
    found = []
    for dtype in (torch.float32, torch.float64):
        log_mean = torch.linspace(-2, 5, 5, dtype=dtype).requires_grad_()
        log_theta = torch.full((5,), theta, dtype=dtype).log().requires_grad_()
        if dtype == torch.float64:  # by torch's own gamma function
            a, size = log_mean - log_theta, log_theta.exp()
            values = torch.lgamma(x + size) - torch.lgamma(size) - size * torch.nn.functional.softplus(a)
            values = values - x * torch.nn.functional.softplus(-a)
        else:
            values = log_negative_binomial(x, log_mean, log_theta)
        values.sum().backward()
        found.append(torch.cat([log_mean.grad, log_theta.grad]).double())
    assert torch.allclose(*found, rtol=1e-3, atol=2e-3)


def test_far_from_dispersion_it_is_a_poisson_distribution():
    x = torch.arange(0.0, 30.0)
    found = log_negative_binomial(x, torch.tensor(2.0), torch.tensor(9.0))
    assert np.allclose(found.exp(), stats.poisson.pmf(x.numpy(), np.exp(2.0)), atol=1e-3)


def test_means_are_shares_of_the_library_size():
    likelihood = of_sizes([0.5, 2.0, 8.0], shape=(3,), relative=True)
    logits, x = torch.randn(4, 1, 3), torch.tensor([[0.0, 2, 5], [1, 0, 0], [300, 20, 1], [0, 0, 0]])
    sizes = x.sum(1, keepdim=True).clamp_min(1)
    mean = (logits[:, 0].softmax(1) * sizes).numpy()
    wanted = scipys(x, mean, np.array([0.5, 2.0, 8.0])).sum(1)
    assert np.allclose(likelihood.log_prob(logits, x).detach(), wanted, rtol=1e-4)
    assert np.allclose(likelihood.rebuilt(logits, x).detach(), mean, rtol=1e-5)
    shifted = likelihood.log_prob(logits + 7, x)  # only differences count
    assert torch.allclose(shifted, likelihood.log_prob(logits, x), rtol=1e-4)


@BOTH
def test_of_what_is_masked_nothing_is_counted(name):
    likelihood = make(name, relative=True)
    output, x = torch.randn(2, likelihood.outputs, 4), torch.tensor([[3.0, 1, 0, 9], [2, 0, 4, 7]])
    valid = torch.tensor([True, True, True, False]).expand(2, 4)
    found = likelihood.log_prob(output, x, valid)
    assert torch.allclose(found, likelihood.log_prob(output[..., :3], x[:, :3]), rtol=1e-5)


def test_gates_add_zeros():
    gate, mean, theta = torch.tensor(0.4), 3.0, 1.7
    likelihood = make("zero_inflated_negative_binomial", dispersion="per_value")
    output = torch.tensor([np.log(mean), 3 + torch.logit(gate), np.log(theta)]).reshape(1, 3, 1).float()
    with torch.no_grad():
        output[0, 2] = 9 * torch.atanh(output[0, 2] / 9)
    x = torch.arange(0.0, 9.0)
    found = likelihood.log_prob(output.expand(9, 3, 1), x[:, None]).exp()
    wanted = 0.6 * np.exp(scipys(x, mean, theta)) + 0.4 * (x == 0).numpy()
    assert np.allclose(found, wanted, rtol=1e-4)
    assert likelihood.mean(output).item() == pytest.approx(0.6 * mean, rel=1e-4)


def test_moments_find_the_dispersion():
    rng = np.random.default_rng(0)
    mean, theta = np.array([5.0, 30.0, 2.0]), np.array([0.5, 2.0, 8.0])
    x = torch.tensor(rng.poisson(rng.gamma(theta, size=(50_000, 3)) / theta * mean)).float()
    for shape, wanted in (((3,), theta), ((), [2.0])):
        rates = CountRates(shape, relative=False)
        rates.start(torch.tensor(mean).log().float().expand(50_000, 3), x)
        assert rates.library.item() == x.sum(1).median().item()
        assert np.allclose(rates.log_theta().exp().detach(), wanted, rtol=0.1)


def test_the_start_has_the_mean_of_the_rows_and_moves_with_each():
    x = torch.tensor([[4.0, 0, 6], [1, 1, 8], [20, 0, 20]])
    likelihood = make("negative_binomial", shape=(3,), relative=True)
    started = likelihood.link(x)
    normalised = x / x.sum(1, keepdim=True) * 10
    assert torch.allclose(started.mean(0), normalised.mean(0).log(), atol=1e-5)
    assert torch.allclose(started - started[0], normalised.log1p() - normalised[0].log1p(), atol=1e-5)


def test_new_cells_have_library_sizes_like_the_datas():
    likelihood = of_sizes([50.0] * 40, shape=(40,), relative=True)
    sizes = torch.tensor(np.random.default_rng(0).lognormal(6, 0.5, 2000)).float()
    x = torch.poisson(sizes[:, None].expand(2000, 40) / 40)
    with torch.no_grad():
        likelihood.initialise(torch.zeros(2000, 1, 40), x)
    with RandomStream(0):
        drawn = likelihood.example(torch.zeros(2000, 1, 40)).sum(1)
        fixed = likelihood.sample(torch.zeros(2000, 1, 40)).sum(1)
    assert drawn.log().std().item() == pytest.approx(0.5, abs=0.05)
    assert drawn.median().item() == pytest.approx(np.exp(6), rel=0.1)
    assert fixed.log().std().item() < 0.1
    assert bool((drawn == drawn.round()).all())


@BOTH
def test_draws_are_whole_numbers_with_the_right_mean(name):
    likelihood = make(name)
    output = torch.ones(20_000, likelihood.outputs, 1)
    with RandomStream(0), torch.no_grad():
        drawn = likelihood.sample(output)
    assert bool((drawn == drawn.round()).all())
    assert drawn.mean().item() == pytest.approx(likelihood.mean(output[:1]).item(), rel=0.05)


def test_empty_expectations_draw_nothing():
    assert not drawn_counts(torch.full((3, 2), -90.0), torch.tensor([-5.0, 5.0])).any()


@BOTH
def test_outputs_of_another_shape_are_refused(name):
    likelihood = make(name, shape=(4,))
    with pytest.raises(ParameterError, match=r"shape is \(4,\); the values have the shape \(3,\)"):
        likelihood.log_prob(torch.zeros(2, likelihood.outputs, 3), torch.zeros(2, 3))
