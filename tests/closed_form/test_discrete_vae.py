"""VAEs of binary and of integer data are small enough here to be summed up by hand.

With one latent number and the network's decoder, p(x) = E[p(x | z)] is a one-dimensional integral, taken by
the trapezoidal rule, and x has few enough values to list them all.
"""

import itertools
import math

import pytest
import torch

from isthmus import catalogue
from isthmus.autoencoder import Autoencoder
from isthmus.records import Batch, Code
from isthmus.training.random_stream import RandomStream

DIM = 4
FAMILIES = [("bernoulli", {}, 2), ("categorical", {"levels": 3}, 3)]


@pytest.fixture(params=FAMILIES, ids=lambda family: family[0])
def model(request):
    """A VAE with random weights and a mediocre encoder, and all values of x, ``[levels ** DIM, DIM]``."""
    name, given, levels = request.param
    likelihood = catalogue.make("likelihoods", name, given)
    plain = {"hidden": (8,), "activation": "tanh", "linear_path": "none"}
    with RandomStream(3):
        made = Autoencoder(
            encoder=catalogue.make("encoders", "mlp", {"in_shape": (DIM,), "out_dim": 2, **plain}),
            bottleneck=catalogue.make("bottlenecks", "gaussian", {"latent_dim": 1}),
            decoder=catalogue.make(
                "decoders", "mlp", {"latent_dim": 1, "out_shape": (DIM,), "outputs": likelihood.outputs, **plain}
            ),
            likelihood=likelihood,
            prior=catalogue.make("priors", "standard_normal", {}),
            terms=[catalogue.make("terms", "reconstruction", {}), catalogue.make("terms", "code_cost", {"name": "kl"})],
        )
        with torch.no_grad():
            made.decoder.stack.linears[0].weight.mul_(3)
            made.decoder.head.weight.mul_(4)  # so that z matters
    every = torch.tensor(list(itertools.product(range(levels), repeat=DIM))).float()
    return made.eval().requires_grad_(requires_grad=False), every


def nodes(count=801):
    """Points and log-weights with which ``sum w f(t)`` is E[f(t)] for a standard-normal t."""
    t = torch.linspace(-8, 8, count)
    return t, -0.5 * t.square() - 0.5 * math.log(2 * math.pi) + math.log(16 / (count - 1))


def by_hand(model, x):
    """log p(x) by quadrature, written out from the decoder's probabilities."""
    t, log_w = nodes()
    output = model.decode(Code(z=t[:, None]))  # [nodes, outputs, DIM]
    if output.shape[1] == 1:
        p = torch.stack([1 - output[:, 0].sigmoid(), output[:, 0].sigmoid()], dim=1)
    else:
        p = output.softmax(1)
    each = torch.stack([p[:, x[:, i].long(), i] for i in range(DIM)]).log().sum(0)  # [nodes, rows]
    return torch.logsumexp(each + log_w[:, None], dim=0)


def test_the_quadrature_is_a_distribution_over_all_x(model):
    vae, every = model
    found = by_hand(vae, every)
    assert found.exp().sum().item() == pytest.approx(1, abs=1e-4)
    assert found.std() > 0.1  # not the uniform one
    alone = vae.likelihood.log_prob(vae.decode(Code(z=torch.zeros(1, 1))).expand(len(every), -1, -1), every)
    assert (found - alone).abs().max() > 0.1  # and z matters


def quantiles(count=4000):
    """Equally probable standard-normal numbers: noise that integrates instead of sampling."""
    levels = (torch.arange(count) + 0.5).double() / count
    return torch.special.ndtri(levels).float()[:, None, None]


def test_importance_sampling_comes_to_the_sum_by_hand(model):
    vae, every = model
    found = vae.log_prob(Batch(x=every), quantiles())
    assert torch.allclose(found, by_hand(vae, every), atol=1e-2)
    assert found.exp().sum().item() == pytest.approx(1, abs=2e-3)


def test_the_bound_is_the_integral_over_the_posterior_and_below(model):
    """E_q[log p(x, z) - log q(z | x)] with q's mean and variance put in by hand."""
    vae, every = model
    t, log_w = nodes()
    posterior = vae.encode(Batch(x=every)).posterior
    mean, sd = posterior.mean, (0.5 * posterior.log_var).exp()
    wanted = torch.zeros(len(every))
    for point, weight in zip(t, log_w.exp(), strict=True):
        z = mean + sd * point
        fit = vae.likelihood.log_prob(vae.decode(Code(z=z)), every)
        wanted += weight * (fit + (-0.5 * z.square() + 0.5 * point.square() + sd.log())[:, 0])
    found = vae.log_bound(Batch(x=every), quantiles())
    assert torch.allclose(found, wanted, atol=1e-2)
    assert bool((found < by_hand(vae, every)).all())


def test_samples_are_as_frequent_as_they_are_probable(model):
    """Codes from the prior, then values from the likelihood: every x as often as its probability says."""
    vae, every = model
    draws = 20_000
    with RandomStream(0):
        x = vae.likelihood.sample(vae.decode(Code(z=vae.prior.sample((draws, 1)))))
    base = int(every.max()) + 1
    place = base ** torch.arange(DIM - 1, -1, -1)
    counts = torch.bincount((x.long() * place).sum(1), minlength=len(every)) / draws
    p = by_hand(vae, every).exp()
    assert bool(((counts - p).abs() < 5 * (p * (1 - p) / draws).sqrt() + 1e-4).all())


def test_the_expected_x_is_the_mean_of_the_samples(model):
    vae, every = model
    with RandomStream(0):
        expected = vae.sample(20_000).mean(0)
    wanted = (by_hand(vae, every).exp()[:, None] * every).sum(0)
    assert torch.allclose(expected, wanted, atol=0.03)
