"""Every gradient estimator: its value is the code's, its bias and variance are what its paper says."""

import copy

import pytest
import torch
from discrete_model import batch_of, discrete_model, exact_gradients
from examples import features, make, parts, streamed, view
from round_trip import rebuilt

from isthmus import catalogue
from isthmus.bottlenecks.bernoulli import Bernoulli
from isthmus.errors import ParameterError
from isthmus.layers.discrete import Bits, OneHotGroups
from isthmus.stations import GradientEstimator
from isthmus.training.random_stream import RandomStream

NAMES = parts("gradient_estimators")
ALL = pytest.mark.parametrize("name", NAMES)
DRAWS = [name for name in NAMES if catalogue.find("gradient_estimators", name).draws]
PASSES = [name for name in NAMES if catalogue.find("gradient_estimators", name).passes]
ROWS = 40_000
STANDARD_ERRORS = 4.5
KINDS = pytest.mark.parametrize("classes", [None, 2], ids=["bits", "one-hot"])


@ALL
def test_it_is_good_for_something(name):
    kind = catalogue.find("gradient_estimators", name)
    assert kind.draws or kind.passes
    assert kind.draws == (kind.draw is not GradientEstimator.draw)
    assert kind.passes == (kind.pass_through is not GradientEstimator.pass_through)
    assert bool(kind.costs) == (kind.hindsight is not GradientEstimator.hindsight)


@pytest.mark.parametrize("name", PASSES)
def test_what_passes_has_the_value_of_the_codebook_and_a_gradient(name):
    """Peers' bug: without the rescaling the value of the rotation was wrong by 0.2 to 0.3."""
    x = (5 * features(4, count=200)).requires_grad_()
    quantised = features(4, count=200, seed=1)
    z = make("gradient_estimators", name).pass_through(x, quantised)
    assert torch.allclose(z, quantised, atol=1e-5)
    z.sum().backward()
    assert bool(x.grad.isfinite().all())
    assert bool((x.grad != 0).any(1).all())


@pytest.mark.parametrize("name", PASSES)
@pytest.mark.parametrize("x", [[0.0, 0.0], [-1.0, 0.0], [1e-8, 0.0], [1.0, 0.0]])
def test_what_passes_is_sound_where_there_is_no_one_rotation(name, x):
    given = torch.tensor([x]).requires_grad_()
    z = make("gradient_estimators", name).pass_through(given, torch.tensor([[1.0, 0.0]]))
    assert z.tolist() == [[1.0, 0.0]]
    z.sum().backward()
    assert bool(given.grad.isfinite().all())


def test_the_rotation_keeps_the_angle_between_the_gradient_and_the_vector():
    x, quantised, gradient = (features(3, count=50, seed=seed) for seed in (0, 1, 2))
    x.requires_grad_()
    make("gradient_estimators", "rotation").pass_through(x, quantised).backward(gradient)
    cosine = torch.nn.functional.cosine_similarity
    assert torch.allclose(cosine(gradient, quantised), cosine(x.grad, x.detach()), atol=1e-4)


@pytest.mark.parametrize("name", DRAWS)
@KINDS
def test_draws_come_from_the_posterior_and_the_current_stream(name, classes):
    model = discrete_model(make("gradient_estimators", name), classes)
    logits = features(4, count=1).expand(ROWS, 4).clone().requires_grad_()
    codes = streamed(lambda: copy.deepcopy(model)(batch_of(logits)).code, 1, 1, 2)
    assert torch.equal(codes[0].z, codes[1].z)
    assert not torch.equal(codes[0].z, codes[2].z)
    posterior = codes[0].posterior
    hard = model.bottleneck.look_up(codes[0].symbols)
    error = (posterior.mean[0] * (1 - posterior.mean[0]) / ROWS).sqrt()
    assert bool(((hard.mean(0) - posterior.mean[0]).abs() < STANDARD_ERRORS * error).all())


@pytest.mark.parametrize("name", DRAWS)
def test_outside_of_training_the_draw_is_hard_and_costs_nothing_more(name):
    model = discrete_model(make("gradient_estimators", name)).eval()
    trace = model(batch_of(features(4, count=50)))
    assert set(trace.code.z.unique().tolist()) <= {0.0, 1.0}
    assert trace.probed is None
    for cost in model.bottleneck.estimator.costs:
        assert not trace.code.costs[cost].any()
    assert model.loss(trace).total.item() == pytest.approx(-trace.log_likelihood.mean().item())


@pytest.mark.parametrize("name", DRAWS)
@KINDS
def test_the_gradient_is_unbiased_where_the_paper_says_so(name, classes):
    """Against the sum over all codes, for the logits and for the decoder, in standard errors of the mean."""
    model = discrete_model(make("gradient_estimators", name), classes)
    row = 0.7 * features(4, count=1, seed=3)
    wanted, *wanted_weights = exact_gradients(model, row, classes)
    logits = row.expand(ROWS, 4).clone().requires_grad_()
    with RandomStream(5):
        loss = model.loss(model(batch_of(logits)))
    weights = list(model.decoder.parameters())
    found, *found_weights = torch.autograd.grad(loss.total, [logits, *weights])
    samples = found * ROWS  # the total is a mean
    error = samples.std(0) / ROWS**0.5
    off = ((samples.mean(0) - wanted[0]).abs() / error.clamp_min(1e-5)).max().item()
    if type(model.bottleneck.estimator).unbiased:
        assert off < STANDARD_ERRORS
    else:
        assert off > STANDARD_ERRORS  # the test can tell: straight-through and soft draws are biased
        assert torch.nn.functional.cosine_similarity(samples.mean(0), wanted[0], dim=0) > 0.5
    if name not in ("gumbel_softmax",):  # a soft draw trains the decoder on codes that it never sees
        for one, other in zip(found_weights, wanted_weights, strict=True):
            assert torch.allclose(one, other, atol=0.03), "the decoder's gradient is that of the expected cost"


@KINDS
def test_exact_has_no_variance(classes):
    model = discrete_model(make("gradient_estimators", "exact"), classes)
    row = features(4, count=1)
    wanted = exact_gradients(model, row, classes)
    logits = row.expand(3, 4).clone().requires_grad_()
    total = model.loss(model(batch_of(logits))).total
    found = torch.autograd.grad(total, [logits, *model.decoder.parameters()])
    assert torch.allclose(found[0] * 3, wanted[0].expand(3, 4), atol=1e-5)
    for one, other in zip(found[1:], wanted[1:], strict=True):
        assert torch.allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("name", ["rebar", "relax"])
def test_the_pull_on_the_control_variate_is_the_gradient_of_the_variance(name):
    """Along the pull the variance falls; and the pull touches nothing but the control variate."""
    model = discrete_model(make("gradient_estimators", name))
    own = list(model.bottleneck.estimator.parameters())
    logits = features(4, count=1).expand(ROWS, 4).clone().requires_grad_()

    def variance():
        with RandomStream(1):
            return model(batch_of(logits)).code.costs["variance"]

    before = variance()
    others = [logits, *model.decoder.parameters()]
    gradients = torch.autograd.grad(before, own + others, allow_unused=True)
    assert all(g is None or not g.any() for g in gradients[len(own) :])
    assert any(g.any() for g in gradients[: len(own)])
    with torch.no_grad():
        for parameter, gradient in zip(own, gradients, strict=False):
            parameter -= 0.001 * gradient
    assert variance() < before


@pytest.mark.parametrize("classes", [None, 2, 4])
def test_what_the_control_variate_lessens_is_the_variance(classes):
    """It differs from the sample variance by the squared mean, whatever the control variate: its logits are free."""
    constants = []
    for scale in (0.0, 1.0):
        model = discrete_model(make("gradient_estimators", "rebar", scale=scale), classes)
        logits = features(4, count=1).expand(40_000, 4).clone().requires_grad_()
        with RandomStream(1):
            trace = model(batch_of(logits))
        gradient = torch.autograd.grad(model.loss(trace).total, logits, retain_graph=True)[0] * len(logits)
        constants.append((trace.code.costs["variance"] - gradient.var(0).sum()).item())
    squared_mean = exact_gradients(model, logits[:1], classes)[0].square().sum().item()
    assert constants == pytest.approx([squared_mean] * 2, rel=0.1, abs=0.1)


@pytest.mark.parametrize("name", ["reinforce", "muprop", "rebar", "relax"])
def test_the_surrogate_has_the_value_zero(name):
    trace = discrete_model(make("gradient_estimators", name))(batch_of(features(4, count=50).requires_grad_()))
    assert trace.code.costs["surrogate"].abs().max() < 1e-6
    assert trace.code.costs["surrogate"].shape == (50,)


def test_exact_refuses_what_it_cannot_sum():
    estimator = catalogue.make("gradient_estimators", "exact", {"most": 64})
    with pytest.raises(ParameterError, match="most=64"):
        discrete_model(estimator, dim=7)(batch_of(features(7)))
    with pytest.raises(ParameterError, match="grid"):
        Bernoulli(2, estimator).train()(features(2, (3,)), view(), None)
    discrete_model(estimator, dim=6)(batch_of(features(6)))


def test_the_temperature_falls_to_its_minimum():
    estimator = catalogue.make("gradient_estimators", "gumbel_softmax", {"temperature": 2.0, "anneal": 0.1})
    seen = []
    for _ in range(30):
        seen.append(estimator.now().item())
        estimator.draw(Bits(torch.zeros(1, 2)))
    assert seen[:2] == pytest.approx([2.0, 2.0 * 0.9048374])
    assert seen[-1] == 0.5


@pytest.mark.parametrize("kind", ["bits", "one-hot"])
def test_noise_given_a_choice_gives_that_choice_and_mixes_to_the_prior_noise(kind):
    """Drawing a choice and then its noise is drawing the noise (Tucker et al. 2017, appendix C)."""
    logits = features(6, count=1).expand(ROWS, 6)
    posterior = Bits(logits) if kind == "bits" else OneHotGroups(logits, 3)
    with RandomStream(0):
        direct = posterior.logits + posterior.noise()
        z = posterior.harden(posterior.logits + posterior.noise())
        through = posterior.conditional(z)
    assert torch.equal(posterior.harden(through), z)
    for probability in (0.05, 0.25, 0.5, 0.75, 0.95):
        one, other = (values.quantile(probability, dim=0) for values in (direct, through))
        assert torch.allclose(one, other, atol=0.12)


@pytest.mark.parametrize("kind", ["bits", "one-hot"])
def test_a_discrete_posterior_is_a_distribution(kind):
    logits = features(6, count=1)
    posterior = Bits(logits) if kind == "bits" else OneHotGroups(logits, 3)
    codes = posterior.every()
    p = posterior.log_prob(codes).sum(-1).exp()
    assert p.sum().item() == pytest.approx(1, abs=1e-5)
    assert torch.allclose((p[:, None] * codes).sum(0), posterior.mean[0], atol=1e-5)
    draws = posterior.at(torch.randn(ROWS, 6, generator=torch.Generator().manual_seed(0)))
    found = (draws[:, None] == codes).all(-1).float().mean(0)
    assert bool(((found - p).abs() < STANDARD_ERRORS * (p / ROWS).sqrt()).all())


@ALL
def test_it_survives_json(name):
    part, again = rebuilt("gradient_estimators", name)
    assert part.arguments == again.arguments
    assert {k: v.tolist() for k, v in part.state_dict().items()} == {
        k: v.tolist() for k, v in again.state_dict().items()
    }
