"""Every prior: samples are drawn from its density, and the divergence is the one of Monte Carlo."""

import math

import pytest
import torch
from examples import cases, make, streamed
from round_trip import rebuilt

from isthmus import catalogue
from isthmus.errors import ParameterError
from isthmus.layers.diagonal_gaussian import DiagonalGaussian
from isthmus.layers.discrete import Bits, OneHotGroups
from isthmus.stations import Prior
from isthmus.training.random_stream import RandomStream

ALL = pytest.mark.parametrize(("name", "changed"), cases("priors"))
DENSITY = pytest.mark.parametrize(
    ("name", "changed"),
    [  # those on a surface: closed_form/test_posteriors.py
        c
        for c in cases("priors")
        if catalogue.find("priors", c.values[0]).continuous and catalogue.find("priors", c.values[0]).everywhere
    ],
)
DISCRETE = pytest.mark.parametrize(
    ("name", "changed"),
    [
        c
        for c in cases("priors")
        if not catalogue.find("priors", c.values[0]).continuous and not catalogue.find("priors", c.values[0]).symbolic
    ],
)
CODES = pytest.mark.parametrize(
    ("name", "changed"), [c for c in cases("priors") if not catalogue.find("priors", c.values[0]).symbolic]
)
SYMBOLIC = pytest.mark.parametrize(
    ("name", "changed"), [c for c in cases("priors") if catalogue.find("priors", c.values[0]).symbolic]
)
DRAWS = 20_000
NOISE = 5  # standard errors that a right sampler may be off
FEW_DRAWS = 0.02  # of what a bound by a fixed number of draws may be off

FITTED = pytest.mark.parametrize(
    ("name", "changed"), [c for c in cases("priors") if catalogue.find("priors", c.values[0]).afterwards]
)


def discrete(name, changed, classes, dim=6):
    """A prior over codes of ``dim`` numbers, whether it is told of their number or not."""
    told = {"latent_dim": dim} if "latent_dim" in catalogue.parameters("priors", name) else {}
    return make("priors", name, **{**changed, **told, "classes": classes}).eval()


def density(name, changed):
    """A prior over codes of two numbers, whether it is told of their number or not."""
    told = {"latent_dim": 2} if "latent_dim" in catalogue.parameters("priors", name) else {}
    return make("priors", name, **{**changed, **told}).eval()


def total_log_prob(prior, z):
    """log p(z) of each row, whether the prior factorises or not."""
    return prior.log_prob(z).flatten(1).sum(1)


@DENSITY
def test_the_density_sums_to_one_and_samples_have_its_moments(name, changed):
    prior = density(name, changed)
    with RandomStream(0):
        z = prior.sample((DRAWS, 2)).double()
    assert z.shape == (DRAWS, 2)
    axis = torch.linspace(-9, 9, 361)
    plane = torch.cartesian_prod(axis, axis)
    p = total_log_prob(prior, plane).double().exp() * 0.05**2
    off = FEW_DRAWS if prior.bound else 0
    assert p.sum().item() == pytest.approx(1, abs=1e-3 + off)
    for statistic in (lambda v: v, torch.square, torch.sin, lambda v: v.prod(1, keepdim=True)):
        known = statistic(plane.double())
        mean = (p[:, None] * known).sum(0)
        error = ((p[:, None] * (known - mean).square()).sum(0) / DRAWS).sqrt()
        assert bool(((statistic(z).mean(0) - mean).abs() < NOISE * error + off).all())


@DENSITY
def test_samples_follow_the_density(name, changed):
    prior = density(name, changed)
    with RandomStream(0):
        z = prior.sample((DRAWS, 2))
    # E[1 / p(z) over a box] = the box's area, for samples of p
    inside = (z.abs() < 1).all(1)
    area = (-total_log_prob(prior, z)).exp()[inside].sum() / len(z)
    assert area.item() == pytest.approx(4.0, rel=0.05)


@FITTED
def test_what_is_learnt_at_once_makes_codes_likelier_and_by_the_stream_alone(name, changed):
    prior = density(name, changed)
    z = torch.randn(400, 2, generator=torch.Generator().manual_seed(0)) * torch.tensor([0.3, 2.0]) + 1
    before = total_log_prob(prior, z).mean()
    if prior.afterwards == "by steps":
        with pytest.raises(ParameterError, match="is not learnt from codes at once"):
            prior.fit(z)
        return
    with RandomStream(0):
        prior.fit(z)
    after = total_log_prob(prior, z).mean()
    assert after > before or name == "standard_normal"
    with RandomStream(0):
        prior.fit(z)
    assert total_log_prob(prior, z).mean() == after


@FITTED
def test_it_starts_from_codes_or_says_that_it_does_not(name, changed):
    prior = density(name, changed)
    z = torch.randn(400, 2, generator=torch.Generator().manual_seed(0)) + 2
    try:
        prior.initialise(z, z)
    except ParameterError as error:
        assert "fit it afterwards" in str(error)
    assert bool(total_log_prob(prior, z).isfinite().all())


@CODES
@pytest.mark.parametrize("shape", [(6, 4), (6, 3, 4), (6, 2, 3, 4)])
def test_samples_of_any_grid_come_from_the_current_stream(name, changed, shape):
    prior = make("priors", name, **changed).eval()
    draws = streamed(lambda: prior.sample(shape), 1, 1, 2)
    assert draws[0].shape == shape
    assert prior.log_prob(draws[0]).shape in (shape, (*shape[:-1], 1))
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])
    assert len(draws[0].unique(dim=0)) == 6 if prior.continuous else len(draws[0].unique(dim=0)) > 1


@DENSITY
@pytest.mark.parametrize(("mean", "log_var"), [((0.5, -1.0), (0.3, -2.0)), ((0.0, 2.0), (-5.0, 1.0))])
def test_the_divergence_is_the_one_of_monte_carlo_and_not_negative(name, changed, mean, log_var):
    prior = density(name, changed)
    posterior = DiagonalGaussian(torch.tensor([mean]), torch.tensor([log_var]))
    z = posterior.at(torch.randn(DRAWS, 2, generator=torch.Generator().manual_seed(0)))
    gaps = posterior.log_prob(z).sum(1) - total_log_prob(prior, z)
    rough, error = gaps.mean().item(), NOISE * gaps.std().item() / DRAWS**0.5
    assert rough > -error
    exact = prior.divergence(posterior, z).flatten(1).sum(1).mean().item()
    assert exact >= 0
    assert exact == pytest.approx(rough, abs=error)


@DENSITY
def test_without_a_closed_form_the_divergence_is_by_monte_carlo(name, changed):
    prior = density(name, changed)
    posterior = DiagonalGaussian(torch.tensor([[0.5, -1.0]]), torch.tensor([[0.3, -2.0]]))
    z = torch.tensor([[0.2, -0.7]])
    wanted = posterior.log_prob(z).sum() - total_log_prob(prior, z).sum()
    assert Prior.divergence(prior, posterior, z).sum().item() == pytest.approx(wanted.item(), rel=1e-5)


@DENSITY
def test_the_divergence_has_gradients(name, changed):
    prior = density(name, changed)
    mean, log_var = (torch.full((4, 2), value).requires_grad_() for value in (1.0, -0.5))
    posterior = DiagonalGaussian(mean, log_var)
    prior.divergence(posterior, posterior.at(torch.ones(4, 2))).sum().backward()
    for given in (mean, log_var):
        assert bool(given.grad.isfinite().all())
        assert bool((given.grad != 0).any())


def every_code(prior, count):
    """All codes of ``count`` numbers and the posterior that is uniform over them."""
    classes = prior.arguments["classes"]
    logits = torch.zeros(1, count)
    posterior = Bits(logits) if classes is None else OneHotGroups(logits, classes)
    return posterior.every()


@DISCRETE
@pytest.mark.parametrize("classes", [None, 2, 3])
def test_probabilities_sum_to_one_and_samples_follow_them(name, changed, classes):
    prior = discrete(name, changed, classes)
    codes = every_code(prior, 6)
    p = total_log_prob(prior, codes).exp()
    assert p.sum().item() == pytest.approx(1, abs=1e-5)
    with RandomStream(0):
        z = prior.sample((DRAWS, 6))
    found = (z[:, None] == codes).all(-1).float().mean(0)
    assert found.sum().item() == pytest.approx(1)  # nothing else is drawn
    assert bool(((found - p).abs() < NOISE * (p / DRAWS).sqrt()).all())


@DISCRETE
@pytest.mark.parametrize("classes", [None, 3])
def test_the_divergence_of_discrete_codes_is_the_sum_over_all(name, changed, classes):
    prior = discrete(name, changed, classes)
    logits = torch.randn(1, 6, generator=torch.Generator().manual_seed(0)).requires_grad_()
    posterior = Bits(logits) if classes is None else OneHotGroups(logits, classes)
    codes = posterior.every()
    log_q = posterior.log_prob(codes).sum(-1)
    wanted = (log_q.exp() * (log_q - total_log_prob(prior, codes))).sum()
    found = prior.divergence(posterior, codes[:1]).sum()
    assert found.item() == pytest.approx(wanted.item(), rel=1e-5)
    for one, other in zip(
        torch.autograd.grad(found, logits, retain_graph=True), torch.autograd.grad(wanted, logits), strict=True
    ):
        assert torch.allclose(one, other, atol=1e-6)


@ALL
def test_it_survives_json(name, changed):
    part, copy = rebuilt("priors", name, changed)
    z = torch.zeros(3, 2, 1, dtype=torch.int64) if part.symbolic else torch.randn(3, 4)
    assert torch.equal(part.log_prob(z), copy.log_prob(z))


def every_sequence(prior):
    """All symbols of ``prior.shape``."""
    count = math.prod(prior.shape)
    levels = torch.arange(prior.arguments["levels"])
    return torch.cartesian_prod(*[levels] * count).reshape(-1, *prior.shape)


@SYMBOLIC
@pytest.mark.parametrize("condition_dim", [0, 2])
def test_probabilities_of_symbols_sum_to_one_and_samples_follow_them(name, changed, condition_dim):
    prior = make("priors", name, **changed, condition_dim=condition_dim).eval()
    symbols = every_sequence(prior)
    condition = None if condition_dim == 0 else torch.tensor([[1.0, -2.0]])
    p = prior.log_prob(symbols, None if condition is None else condition.expand(len(symbols), -1)).exp()[:, 0]
    assert p.sum().item() == pytest.approx(1, abs=1e-5)
    assert p.max() > 1.2 * p.min()
    with RandomStream(0):
        drawn = prior.sample((DRAWS,), None if condition is None else condition.expand(DRAWS, -1))
    assert drawn.shape == (DRAWS, *prior.shape)
    found = (drawn[:, None] == symbols).flatten(2).all(-1).float().mean(0)
    assert bool(((found - p).abs() < NOISE * (p / DRAWS).sqrt()).all())


@SYMBOLIC
def test_symbols_come_from_the_current_stream(name, changed):
    prior = make("priors", name, **changed).eval()
    draws = streamed(lambda: prior.sample((20,)), 1, 1, 2)
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


@SYMBOLIC
def test_a_low_temperature_and_few_choices_give_the_likeliest(name, changed):
    for setting in ({"temperature": 1e-4}, {"top_k": 1}):
        prior = make("priors", name, **{**changed, **setting}).eval()
        drawn = prior.sample((50,))
        assert bool((drawn == drawn[:1]).all())
        first = prior.network(drawn[:1].flatten(1), None)[0, 0]
        assert drawn[0].flatten()[0] == first.argmax()


def test_the_standard_normal_is_no_distance_from_itself():
    same = DiagonalGaussian(torch.zeros(3, 2), torch.zeros(3, 2))
    assert not make("priors", "standard_normal").divergence(same, torch.randn(3, 2)).any()
