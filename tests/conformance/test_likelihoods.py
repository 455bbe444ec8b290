"""Every likelihood is one: it sums to 1, its samples are drawn from its density, and units are nats."""

import math

import pytest
import torch
from examples import cases, make, streamed
from round_trip import rebuilt

from isthmus import catalogue
from isthmus.training.random_stream import RandomStream

ALL = pytest.mark.parametrize(("name", "changed"), cases("likelihoods"))
DRAWS = 20_000
NOISE = 5  # standard errors that a right sampler may be off
distributions = torch.distributions


def outputs(likelihood, count=3, width=1, seed=0):
    return torch.randn(count, likelihood.outputs, width, generator=torch.Generator().manual_seed(seed))


def started(name, changed, spread=3.0):
    """A likelihood that has met data, so that whatever it learns from them is not at its default."""
    likelihood = make("likelihoods", name, **changed)
    target = spread * outputs(likelihood, 200, 4, seed=8)[:, 0]
    target = target if likelihood.continuous else (target > 0).float()
    with torch.no_grad():
        likelihood.initialise(outputs(likelihood, 200, 4, seed=9), target)
    return likelihood.eval()


def drawn(likelihood, output):
    """``[DRAWS]`` values for one output ``[1, outputs, 1]``, in ascending order."""
    with RandomStream(0), torch.no_grad():
        return likelihood.sample(output.expand(DRAWS, -1, -1)).flatten().sort().values.double()


def density(likelihood, output, x):
    """p(x) at the values ``x``."""
    with torch.no_grad():
        return likelihood.log_prob_values(output.expand(len(x), -1, -1), x[:, None].float()).flatten().double().exp()


def grid(values):
    """Fine enough for a quadrature of a density around drawn values, and wide enough for its tails."""
    return torch.linspace(-4, 4, 100_001, dtype=torch.float64) * (values - values.mean()).abs().max() + values.mean()


@ALL
@pytest.mark.parametrize("seed", [0, 1])
def test_probabilities_sum_to_one_and_samples_follow_them(name, changed, seed):
    likelihood = started(name, changed)
    output = outputs(likelihood, 1, seed=seed)
    values = drawn(likelihood, output)
    if likelihood.continuous:
        x = grid(values)
        p = density(likelihood, output, x)
        cumulative = torch.cumulative_trapezoid(p, x)
        assert cumulative[-1].item() == pytest.approx(1, abs=1e-3)
        below = cumulative[torch.searchsorted(x, values).clamp_max(len(cumulative)) - 1]
        rank = torch.arange(1, DRAWS + 1) / DRAWS
        assert (below - rank).abs().max() < 1.95 / math.sqrt(DRAWS)  # Kolmogorov and Smirnov, 1 in 1000
    else:
        x, counts = values.unique(return_counts=True)
        p = density(likelihood, output, x)
        assert p.sum().item() == pytest.approx(1, abs=5e-3)
        assert bool(((counts / DRAWS - p).abs() < NOISE * (p * (1 - p) / DRAWS).sqrt()).all())


@ALL
def test_mean_and_variance_of_samples_are_those_of_the_density(name, changed):
    likelihood = started(name, changed)
    output = outputs(likelihood, 1)
    values = drawn(likelihood, output)
    x = grid(values) if likelihood.continuous else values.unique()
    p = density(likelihood, output, x)
    p = p / p.sum()
    mean = (p * x).sum()
    variance = (p * (x - mean).square()).sum()
    fourth = (p * (x - mean).pow(4)).sum()
    assert likelihood.mean(output).item() == pytest.approx(mean.item(), abs=1e-3 * variance.sqrt().item())
    assert values.mean().item() == pytest.approx(mean.item(), abs=NOISE * (variance / DRAWS).sqrt().item())
    assert values.var().item() == pytest.approx(
        variance.item(), abs=NOISE * ((fourth - variance.square()) / DRAWS).sqrt().item() + 1e-6
    )


@ALL
def test_samples_are_drawn_for_each_value_from_the_current_stream(name, changed):
    likelihood = started(name, changed)
    output = 0.1 * torch.ones(20, likelihood.outputs, 30)
    draws = streamed(lambda: likelihood.sample(output), 1, 1, 2)
    assert draws[0].shape == (20, 30)
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])
    assert len(draws[0].unique(dim=0)) == 20
    assert len(draws[0].unique(dim=1)[0]) > 20


@ALL
def test_it_sums_over_features_and_keeps_examples_apart(name, changed):
    likelihood = started(name, changed)
    output, target = outputs(likelihood, 4, 3), torch.zeros(4, 3)
    whole = likelihood.log_prob(output, target)
    assert whole.shape == (4,)
    assert torch.allclose(whole, likelihood.log_prob_values(output, target).sum(1))
    alone = torch.cat([likelihood.log_prob(output[i : i + 1], target[i : i + 1]) for i in range(4)])
    assert torch.allclose(whole, alone, atol=1e-5)


@ALL
@pytest.mark.parametrize("shape", [(3,), (2, 4, 5)])
def test_it_takes_values_of_any_shape(name, changed, shape):
    likelihood = started(name, changed)
    output = torch.randn(4, likelihood.outputs, *shape, generator=torch.Generator().manual_seed(0))
    target = torch.ones(4, *shape)
    assert likelihood.log_prob_values(output, target).shape == target.shape
    assert likelihood.mean(output).shape == likelihood.sample(output).shape == target.shape
    assert likelihood.link(target).shape == target.shape


def test_whole_numbers_may_be_given_for_real_ones():
    for name in ("gaussian", "laplace"):
        likelihood = catalogue.make("likelihoods", name, {"scale": 1})
        likelihood.initialise(torch.zeros(3, 1, 2), torch.rand(3, 2))
        assert bool(likelihood.log_prob(torch.zeros(3, 1, 2), torch.rand(3, 2)).isfinite().all())


@pytest.mark.parametrize("training", [False, True])
@ALL
def test_invalid_positions_do_not_count(name, changed, training):
    likelihood = started(name, changed).train(training)
    output = outputs(likelihood, 2, 3).requires_grad_()
    valid = torch.tensor([[True, True, False], [True, False, False]])
    one = likelihood.log_prob(output, torch.zeros(2, 3), valid)
    other = likelihood.log_prob(output, torch.where(valid, 0.0, 1.0), valid)
    assert torch.equal(one, other)
    values = likelihood.log_prob_values(output, torch.zeros(2, 3), valid)
    assert torch.allclose(one, values.where(valid, 0.0).sum(1))
    one.sum().backward()
    seen = (output.grad != 0).any(1)
    assert bool(seen[valid].all())
    assert not bool(seen[~valid].any())
    with pytest.raises(ValueError, match="valid has shape"):
        likelihood.log_prob(output, torch.zeros(2, 3), valid[:, :2])


@ALL
def test_the_link_inverts_the_mean(name, changed):
    likelihood = started(name, changed)
    target = torch.tensor([[0.1, 0.5, 0.9]])
    linked = likelihood.link(target)
    if not linked.any():
        pytest.skip("no single output means a value")
    others = torch.zeros(1, likelihood.outputs - 1, 3)
    others = linked[:, None] if name == "opinion_pool" else others  # of which all members must be
    assert torch.allclose(likelihood.mean(torch.cat([linked[:, None], others], dim=1)), target, atol=1e-3)


@ALL
@pytest.mark.parametrize("training", [True, False])
def test_half_precision_is_judged_in_float32(name, changed, training):
    """Under autocast, from a decoder that gives bfloat16, as on processors that have it."""
    output = outputs(make("likelihoods", name, **changed), 4, 600).bfloat16()
    target = torch.ones(4, 600)
    exact = started(name, changed).train(training).log_prob(output.float(), target)
    with torch.autocast("cpu", torch.bfloat16):
        likelihood = started(name, changed).train(training)
        found = likelihood.log_prob(output, target)
        assert likelihood.mean(output).dtype == likelihood.sample(output).dtype == torch.float32
    assert found.dtype == torch.float32
    assert torch.allclose(found, exact, rtol=1e-5)


@ALL
@pytest.mark.parametrize("size", [80.0, -80.0, 1000.0, -1000.0])
def test_extreme_outputs_stay_finite_and_have_gradients(name, changed, size):
    likelihood = make("likelihoods", name, **changed)
    output = (size * torch.ones(2, likelihood.outputs, 1)).requires_grad_()
    loss = likelihood.log_prob(output, torch.zeros(2, 1)).sum()
    loss.backward()
    assert bool(loss.isfinite())
    assert bool(output.grad.isfinite().all())
    assert all(p.grad is None or bool(p.grad.isfinite().all()) for p in likelihood.parameters())


@ALL
def test_a_perfect_start_on_constant_data_stays_finite(name, changed):
    likelihood = make("likelihoods", name, **changed)
    target = torch.zeros(8, 3)
    output = torch.zeros(8, likelihood.outputs, 3)
    with torch.no_grad():
        likelihood.initialise(output, target)
        likelihood.calibrate(output, target)
    assert bool(likelihood.train().log_prob(output, target).isfinite().all())
    assert bool(likelihood.eval().log_prob(output, target).isfinite().all())


@ALL
def test_scoring_and_drawing_change_no_state(name, changed):
    likelihood = started(name, changed)
    before = {key: value.clone() for key, value in likelihood.state_dict().items()}
    output = outputs(likelihood, 4, 3)
    first, second = (likelihood.log_prob(output, torch.ones(4, 3)) for _ in range(2))
    likelihood.sample(output)
    likelihood.train().sample(output)
    assert torch.equal(first, second)
    assert all(torch.equal(before[key], value) for key, value in likelihood.state_dict().items())


@ALL
def test_every_trainable_weight_gets_a_gradient(name, changed):
    likelihood = make("likelihoods", name, **changed)
    output = outputs(likelihood, 5, 3).requires_grad_()
    likelihood.log_prob(output, torch.zeros(5, 3)).sum().backward()
    assert bool((output.grad != 0).any())
    for key, parameter in likelihood.named_parameters():
        assert not parameter.requires_grad or bool((parameter.grad != 0).all()), key


@ALL
def test_it_survives_json(name, changed):
    part, copy = rebuilt("likelihoods", name, changed)
    output = outputs(part)
    assert torch.equal(part.log_prob(output, torch.zeros(3, 1)), copy.log_prob(output, torch.zeros(3, 1)))


def test_bernoulli_equals_torch():
    logits, x = torch.randn(5, 1, 7), torch.randint(0, 2, (5, 7)).float()
    wanted = distributions.Bernoulli(logits=logits[:, 0]).log_prob(x).sum(1)
    found = catalogue.make("likelihoods", "bernoulli", {}).log_prob(logits, x)
    assert torch.allclose(found, wanted, atol=1e-5)


def test_categorical_equals_torch():
    logits, x = torch.randn(5, 4, 7), torch.randint(0, 4, (5, 7))
    wanted = distributions.Categorical(logits=logits.movedim(1, -1)).log_prob(x).sum(1)
    found = catalogue.make("likelihoods", "categorical", {"levels": 4}).log_prob(logits, x.float())
    assert torch.allclose(found, wanted, atol=1e-5)


def test_the_mean_of_levels_without_order_is_the_likeliest():
    logits = torch.randn(5, 4, 7)
    plain, ordered = (catalogue.make("likelihoods", "categorical", {"levels": 4, "ordered": o}) for o in (False, True))
    assert torch.equal(plain.mean(logits), logits.argmax(1).float())
    wanted = (logits.softmax(1) * torch.arange(4.0)[:, None]).sum(1)
    assert torch.allclose(ordered.mean(logits), wanted, atol=1e-5)
    target = torch.randint(0, 4, (5, 7)).float()
    assert torch.equal(plain.log_prob(logits, target), ordered.log_prob(logits, target))
    draws = [streamed(lambda each=each: each.sample(logits), 1)[0] for each in (plain, ordered)]
    assert torch.equal(*draws)


@pytest.mark.parametrize("scale", [0.3, 1.0])
def test_gaussian_and_laplace_equal_torch(scale):
    output, x = torch.randn(5, 1, 7), torch.randn(5, 7)
    gaussian = catalogue.make("likelihoods", "gaussian", {"variance": "fixed", "scale": scale})
    laplace = catalogue.make("likelihoods", "laplace", {"spread": "fixed", "scale": scale})
    wanted = distributions.Normal(output[:, 0], scale).log_prob(x).sum(1)
    assert torch.allclose(gaussian.log_prob(output, x), wanted, atol=1e-4)
    wanted = distributions.Laplace(output[:, 0], scale).log_prob(x).sum(1)
    assert torch.allclose(laplace.log_prob(output, x), wanted, atol=1e-4)


def test_a_variance_for_each_value_comes_from_the_second_output():
    output, x = torch.randn(5, 2, 7), torch.randn(5, 7)
    found = catalogue.make("likelihoods", "gaussian", {"variance": "per_value"}).log_prob(output, x)
    scale = (output[:, 1].exp().square() + 1e-6).sqrt()
    assert torch.allclose(found, distributions.Normal(output[:, 0], scale).log_prob(x).sum(1), atol=1e-4)


def test_the_relative_variance_is_a_share_of_the_spread_of_the_data():
    likelihood = catalogue.make("likelihoods", "gaussian", {"variance": "relative", "scale": 0.5})
    data = torch.tensor([[0.0, 10.0], [4.0, 18.0]])  # each column's deviation: 2 and 4
    likelihood.initialise(torch.zeros(2, 1, 2), data)
    wanted = distributions.Normal(torch.zeros(2), 0.5 * math.sqrt((4 + 16) / 2)).log_prob(torch.ones(2)).sum()
    assert likelihood.log_prob(torch.zeros(1, 1, 2), torch.ones(1, 2)).item() == pytest.approx(wanted.item(), rel=1e-5)


@pytest.mark.parametrize("name", ["gaussian", "laplace"])
def test_a_learned_spread_starts_at_its_maximum_likelihood(name):
    word = {"gaussian": "variance", "laplace": "spread"}[name]
    likelihood = catalogue.make("likelihoods", name, {word: "learned"})
    output, x = torch.zeros(50, 1, 4), 3.0 * torch.randn(50, 4)
    with torch.no_grad():
        likelihood.initialise(output, x)
    likelihood.log_prob(output, x).mean().backward()
    assert likelihood.log_scale.grad.item() == pytest.approx(0, abs=1e-4)


def test_the_optimal_variance_is_the_mean_squared_error():
    likelihood = catalogue.make("likelihoods", "gaussian", {"variance": "optimal"}).train()
    output, x = torch.zeros(50, 1, 4), 3.0 * torch.randn(50, 4)
    mse = x.square().mean()
    wanted = -0.5 * 4 * (1 + math.log(2 * math.pi) + mse.log())
    assert likelihood.log_prob(output, x).mean().item() == pytest.approx(wanted.item(), rel=1e-4)
    assert likelihood.running_mse.item() == pytest.approx(1 + 0.02 * (mse.item() - 1), rel=1e-4)
    likelihood.eval().calibrate(output, x)
    assert likelihood.running_mse.item() == pytest.approx(mse.item())
