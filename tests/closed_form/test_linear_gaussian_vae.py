"""A VAE with a linear decoder and the exact posterior has a likelihood in closed form: everything must equal it.

p(z) = N(0, I), p(x | z) = N(W z + b, s^2 I), so p(x) = N(b, W W^T + s^2 I) and q(z | x) = N(M^-1 W^T (x - b), s^2 M^-1)
with M = W^T W + s^2 I (Tipping & Bishop 1999, Probabilistic principal component analysis). The columns of W are
orthogonal, so that the posterior is diagonal, as the model's is.
"""

import math

import pytest
import torch

from isthmus import catalogue
from isthmus.autoencoder import Autoencoder
from isthmus.metrics.annealed_importance import _led
from isthmus.records import Batch
from isthmus.training.random_stream import RandomStream

DIM, LATENT, SD = 6, 2, 0.7


@pytest.fixture
def exact():
    """The model with the exact posterior, its W, b, and data from it; in double precision."""
    generator = torch.Generator().manual_seed(0)
    orthogonal = torch.linalg.qr(torch.randn(DIM, LATENT, generator=generator)).Q
    weight = orthogonal * torch.tensor([2.0, 0.8])
    bias = torch.randn(DIM, generator=generator)
    model = Autoencoder(
        encoder=catalogue.make(
            "encoders",
            "mlp",
            {"in_shape": (DIM,), "out_dim": 2 * LATENT, "hidden": (), "linear_path": "none"},
        ),
        bottleneck=catalogue.make("bottlenecks", "gaussian", {"latent_dim": LATENT, "bound": 1000.0}),
        decoder=catalogue.make(
            "decoders", "mlp", {"latent_dim": LATENT, "out_shape": (DIM,), "hidden": (), "linear_path": "none"}
        ),
        likelihood=catalogue.make("likelihoods", "gaussian", {"variance": "fixed", "scale": SD}),
        prior=catalogue.make("priors", "standard_normal", {}),
        terms=[
            catalogue.make("terms", "reconstruction", {}),
            catalogue.make("terms", "code_cost", {"name": "kl"}),
        ],
    )
    inverse = 1 / (weight.square().sum(0) + SD**2)  # M is diagonal
    with torch.no_grad():
        model.decoder.head.weight.copy_(weight)
        model.decoder.head.bias.copy_(bias)
        model.encoder.head.weight[:LATENT] = inverse[:, None] * weight.T
        model.encoder.head.bias[:LATENT] = -(inverse[:, None] * weight.T) @ bias
        model.encoder.head.weight[LATENT:] = 0
        model.encoder.head.bias[LATENT:] = torch.log(SD**2 * inverse)
    z = torch.randn(600, LATENT, generator=generator)
    x = z @ weight.T + bias + SD * torch.randn(600, DIM, generator=generator)
    return model.eval(), weight, bias, x


def true_log_prob(x, weight, bias, sd=SD):
    covariance = weight @ weight.T + sd**2 * torch.eye(DIM)
    return torch.distributions.MultivariateNormal(bias, covariance).log_prob(x)


def draws(count, rows=1, seed=1):
    return torch.randn(count, rows, LATENT, generator=torch.Generator().manual_seed(seed))


def cubature():
    """Points with equal weights that integrate polynomials up to degree 3 exactly; the ELBO's integrand has 2."""
    points = LATENT**0.5 * torch.eye(LATENT)
    return torch.cat([points, -points])[:, None]


def test_the_elbo_equals_log_p(exact):
    """With the exact posterior the bound is tight."""
    model, weight, bias, x = exact
    with torch.no_grad():
        bound = model.log_bound(Batch(x=x), cubature())
    wanted = true_log_prob(x, weight, bias)
    assert torch.allclose(bound, wanted, atol=1e-3)


def test_the_code_costs_what_the_posterior_is_away_from_the_prior(exact):
    """The KL term, example by example, against torch's own."""
    model, _, _, x = exact
    with torch.no_grad():
        trace = model(Batch(x=x))
    posterior = torch.distributions.Normal(trace.code.posterior.mean, (0.5 * trace.code.posterior.log_var).exp())
    wanted = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(0.0, 1.0)).sum(1)
    assert torch.allclose(trace.code.costs["kl"], wanted, atol=1e-4)


def test_the_code_is_drawn_from_the_exact_posterior(exact):
    """x and z together have the covariance of the model, so z is a draw from p(z | x)."""
    model, weight, _, x = exact
    with torch.no_grad():
        z = torch.cat([model(Batch(x=x)).code.z for _ in range(50)])
    assert torch.allclose(torch.cov(z.T), torch.eye(LATENT), atol=0.15)  # 600 rows are not infinitely many
    across = z.T @ (x - x.mean(0)).repeat(50, 1) / len(z)
    assert torch.allclose(across, weight.T, atol=0.25)


@pytest.mark.parametrize("samples", [1, 10])
def test_importance_sampling_with_the_exact_posterior_is_exact_with_any_samples(exact, samples):
    model, weight, bias, x = exact
    with torch.no_grad():
        found = model.log_prob(Batch(x=x), draws(samples))
    assert torch.allclose(found, true_log_prob(x, weight, bias), atol=1e-3)


def test_importance_sampling_does_not_depend_on_the_batch(exact):
    model, _, _, x = exact
    noise = draws(50)
    with torch.no_grad():
        whole = model.log_prob(Batch(x=x[:50]), noise)
        parts = torch.cat([model.log_prob(Batch(x=part), noise) for part in x[:50].split(7)])
    assert torch.allclose(whole, parts, atol=1e-4)


def test_with_a_poor_posterior_more_samples_come_closer_from_below(exact):
    model, weight, bias, x = exact
    with torch.no_grad():
        model.encoder.head.bias[LATENT:] += 1.0  # too wide
        model.encoder.head.bias[0] += 0.5  # off
        found = [model.log_prob(Batch(x=x), draws(k, len(x))).mean().item() for k in (1, 10, 100, 1000)]
    truth = true_log_prob(x, weight, bias).mean().item()
    assert found == sorted(found)
    assert found[-1] <= truth + 0.02
    assert found[-1] == pytest.approx(truth, abs=0.05)
    assert found[0] < truth - 0.5


def test_the_gradient_is_the_one_of_the_likelihood(exact):
    """At the exact posterior the ELBO's gradient in W and b is that of log p(x)."""
    model, weight, bias, x = exact
    (-model.log_bound(Batch(x=x), cubature()).mean()).backward()
    w, b = weight.clone().requires_grad_(), bias.clone().requires_grad_()
    (-true_log_prob(x, w, b).mean()).backward()
    assert torch.allclose(model.decoder.head.bias.grad, b.grad, atol=1e-3)
    assert torch.allclose(model.decoder.head.weight.grad, w.grad, atol=1e-3)


def test_the_training_loss_is_minus_the_elbo(exact):
    model, weight, bias, x = exact
    with RandomStream(0), torch.no_grad():
        losses = [model.loss(model(Batch(x=x))).total.item() for _ in range(400)]
    assert sum(losses) / 400 == pytest.approx(-true_log_prob(x, weight, bias).mean().item(), rel=2e-3)


def test_training_finds_the_maximum_likelihood():
    """A linear VAE trained by the trainer reaches the likelihood of probabilistic PCA."""
    from isthmus.training.resident import Resident
    from isthmus.training.trainer import Trainer

    generator = torch.Generator().manual_seed(3)
    mixing = torch.randn(LATENT, DIM, generator=generator)
    x = torch.randn(4000, LATENT, generator=generator) @ mixing + 0.5 * torch.randn(4000, DIM, generator=generator)
    linear = {"hidden": (), "linear_path": "trained"}
    model = Autoencoder(
        encoder=catalogue.make(
            "encoders", "mlp", {"in_shape": (DIM,), "out_dim": 2 * LATENT, "latent_dim": LATENT, **linear}
        ),
        bottleneck=catalogue.make("bottlenecks", "gaussian", {"latent_dim": LATENT}),
        decoder=catalogue.make("decoders", "mlp", {"latent_dim": LATENT, "out_shape": (DIM,), **linear}),
        likelihood=catalogue.make("likelihoods", "gaussian", {"variance": "learned"}),
        prior=catalogue.make("priors", "standard_normal", {}),
        terms=[
            catalogue.make("terms", "reconstruction", {}),
            catalogue.make("terms", "code_cost", {"name": "kl"}),
        ],
    )
    Trainer(epochs=200, validation=0, learning_rate=0.01, weight_decay=0.0).fit(model, Resident(x))
    values = torch.linalg.eigvalsh(torch.cov(x.T)).flip(0)
    noise = values[LATENT:].mean()
    log_det = values[:LATENT].log().sum() + (DIM - LATENT) * noise.log()
    best = -0.5 * (DIM * math.log(2 * math.pi) + log_det + DIM)  # Tipping & Bishop 1999, equation 8 at its maximum
    with torch.no_grad():
        found = model.log_prob(Batch(x=x), draws(500, 4000)).mean().item()
    assert found == pytest.approx(best.item(), abs=0.03)


def test_annealed_importance_sampling_gives_log_p_whatever_the_encoder_says(exact):
    """With an encoder that knows nothing; chains are the more exact the more temperatures there are."""
    model, weight, bias, x = exact
    with torch.no_grad():
        model.encoder.head.weight.zero_()
    batch, wanted = Batch(x=x[:40]), true_log_prob(x[:40], weight, bias)
    with RandomStream(0):
        few, many = (_led(model, batch, chains=64, temperatures=count, leaps=4) for count in (10, 400))
    assert (many.log_prob - wanted).abs().max() < 0.15  # a standard error of .04 each
    assert (many.log_prob - wanted).mean().abs() < 5e-3
    assert (few.log_prob - wanted).abs().mean() > 2 * (many.log_prob - wanted).abs().mean()
    assert many.spread < few.spread
    assert many.accepted > 0.4


@pytest.mark.slow
def test_with_many_chains_and_temperatures_it_is_exact(exact):
    model, weight, bias, x = exact
    rows = x[:100]
    with RandomStream(0):
        found = _led(model, Batch(x=rows), chains=300, temperatures=3000, leaps=4)
    assert (found.log_prob - true_log_prob(rows, weight, bias)).mean().abs() < 1e-3
