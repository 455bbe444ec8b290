"""The toy problem of the papers: one bit b with probability p, cost (b - t)^2 with t = .499.

Tucker et al. 2017 (section 5.1) and Grathwohl et al. 2018 (section 4.1): the gradient is small and its estimates are
noisy, so that bias and variance show at once.
"""

import pytest
import torch
from torch import nn

from isthmus import catalogue
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.bernoulli import Bernoulli
from isthmus.records import Batch
from isthmus.terms.code_cost import CodeCost
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.random_stream import RandomStream

T, ROWS, LOGIT = 0.499, 200_000, 0.3


def toy(name, **arguments):
    """-log p(t | b) with variance 1/2 is (b - t)^2 but for a constant."""
    estimator = catalogue.make("gradient_estimators", name, arguments)
    shape = {"in_shape": (1,), "out_dim": 1}
    out = {"latent_dim": 1, "out_shape": (1,), "outputs": 1}
    return Autoencoder(
        encoder=catalogue.make("encoders", "module", {"module": nn.Identity(), **shape}),
        bottleneck=Bernoulli(1, estimator),
        decoder=catalogue.make("decoders", "module", {"module": nn.Identity(), **out}),
        likelihood=catalogue.make("likelihoods", "gaussian", {"variance": "fixed", "scale": 0.5**0.5}),
        terms=[Reconstruction(), *(CodeCost(cost) for cost in estimator.costs)],
    ).train()


def estimates(model, rows=ROWS, seed=0):
    logits = torch.full((rows, 1), LOGIT).requires_grad_()
    with RandomStream(seed):
        total = model.loss(model(Batch(x=logits, target=torch.full((rows, 1), T)))).total
    return torch.autograd.grad(total, logits)[0].flatten().double() * rows


def tuned(model, steps=300, rate=0.02):
    """The control variate follows the gradient of its variance."""
    own = list(model.bottleneck.estimator.parameters())
    optimiser = torch.optim.Adam(own, lr=rate)
    for step in range(steps):
        with RandomStream(step):
            x = torch.full((500, 1), LOGIT).requires_grad_()
            variance = model(Batch(x=x, target=torch.full((500, 1), T))).code.costs["variance"]
        for parameter, gradient in zip(own, torch.autograd.grad(variance, own), strict=True):
            parameter.grad = gradient
        optimiser.step()
    return model


def exact():
    p = torch.sigmoid(torch.tensor(LOGIT, dtype=torch.float64))
    return (p * (1 - p) * ((1 - T) ** 2 - T**2)).item()


@pytest.fixture(scope="module")
def found():
    models = {
        "reinforce": toy("reinforce", samples=1),
        "rebar": tuned(toy("rebar")),
        "relax": tuned(toy("relax", latent_dim=1, width=8)),
        "straight_through": toy("straight_through"),
    }
    return {name: estimates(model) for name, model in models.items()}


@pytest.mark.parametrize("name", ["reinforce", "rebar", "relax"])
def test_unbiased_within_three_standard_errors(found, name):
    values = found[name]
    assert abs(values.mean().item() - exact()) < 3 * values.std().item() / ROWS**0.5


def test_straight_through_is_biased(found):
    values = found["straight_through"]
    assert abs(values.mean().item() - exact()) > 10 * values.std().item() / ROWS**0.5


def test_the_variances_are_ordered_as_published(found):
    variance = {name: values.var().item() for name, values in found.items()}
    assert variance["relax"] < variance["rebar"] < 0.5 * variance["reinforce"]
