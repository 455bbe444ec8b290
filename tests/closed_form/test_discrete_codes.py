"""VAEs with a few bits or choices in the code are small enough to be summed up by hand, over all codes."""

import pytest
import torch

from isthmus import catalogue
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.bernoulli import Bernoulli
from isthmus.bottlenecks.categorical import Categorical
from isthmus.records import Batch, Code
from isthmus.training.random_stream import RandomStream

DIM, ROWS = 6, 8
KINDS = [(None, "factorised"), (None, "coin_flips"), (3, "factorised"), (3, "coin_flips")]


@pytest.fixture(params=KINDS, ids=lambda kind: f"{'bits' if kind[0] is None else 'choices'}-{kind[1]}")
def model(request):
    """A VAE with random weights; a prior of random, or of equal, probabilities."""
    classes, prior = request.param
    passing = catalogue.make("gradient_estimators", "straight_through", {})
    with RandomStream(4):
        made = Autoencoder(
            encoder=catalogue.make("encoders", "mlp", {"in_shape": (4,), "out_dim": DIM, "hidden": (8,)}),
            bottleneck=Bernoulli(DIM, passing) if classes is None else Categorical(DIM, passing, classes),
            decoder=catalogue.make("decoders", "mlp", {"latent_dim": DIM, "out_shape": (4,), "hidden": (8,)}),
            likelihood=catalogue.make("likelihoods", "bernoulli", {}),
            prior=catalogue.make(
                "priors", prior, {"classes": classes} | ({"latent_dim": DIM} if prior == "factorised" else {})
            ),
            terms=[catalogue.make("terms", "reconstruction", {}), catalogue.make("terms", "code_cost", {"name": "kl"})],
        )
        for parameter in made.parameters():
            torch.nn.init.normal_(parameter, std=0.5)
    return made.eval().requires_grad_(requires_grad=False)


@pytest.fixture
def batch():
    return Batch(x=torch.rand(ROWS, 4, generator=torch.Generator().manual_seed(0)).round())


def every(model, batch):
    """All codes, log q(code | x) and log p(x | code) ``[rows, codes]``, log p(code) ``[codes]``."""
    posterior = model.encode(batch).posterior
    codes = posterior.every()
    log_q = torch.stack([posterior.log_prob(z.expand_as(posterior.logits)).sum(1) for z in codes], 1)
    output = model.decode(Code(z=codes))
    log_x = torch.stack([model.likelihood.log_prob(output, x.expand(len(codes), -1)) for x in batch.x])
    return log_q, log_x, model.prior.log_prob(codes).flatten(1).sum(1)


def test_prior_and_posterior_sum_to_one(model, batch):
    log_q, _, log_p = every(model, batch)
    assert torch.allclose(log_q.exp().sum(1), torch.ones(ROWS), atol=1e-4)
    assert log_p.exp().sum().item() == pytest.approx(1, abs=1e-4)


def test_importance_sampling_comes_to_the_sum_over_all_codes(model, batch):
    _, log_x, log_p = every(model, batch)
    exact = torch.logsumexp(log_x + log_p, 1)
    noise = torch.randn(20_000, 1, DIM, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(model.log_prob(batch, noise), exact, atol=0.15)


def test_the_bound_is_the_expectation_under_the_posterior(model, batch):
    log_q, log_x, log_p = every(model, batch)
    exact = (log_q.exp() * (log_x + log_p - log_q)).sum(1)
    noise = torch.randn(20_000, 1, DIM, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(model.log_bound(batch, noise), exact, atol=0.1)
    assert bool((exact <= torch.logsumexp(log_x + log_p, 1) + 1e-4).all())
