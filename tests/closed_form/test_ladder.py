"""A linear-Gaussian model of two levels, whose likelihood and posterior are known, against the ladder.

z_2 ~ N(0, 1), z_1 | z_2 ~ N(a z_2, T), x | z_1 ~ N(W z_1, s^2 I). Given z_2, what x says of z_1 is
N(W^+ x, s^2 (W^T W)^-1) and does not hang on z_2, so the product of both is the exact posterior. The columns of W are
orthogonal, so that it is diagonal.
"""

import numpy as np
import pytest
import torch

import isthmus as im
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.gaussian import Gaussian
from isthmus.bottlenecks.ladder import Ladder, _sizes
from isthmus.decoders.mlp import MLP as Decoder
from isthmus.encoders.mlp import MLP as Encoder
from isthmus.errors import ParameterError
from isthmus.layers.diagonal_gaussian import DiagonalGaussian
from isthmus.layers.ladder_posterior import LadderPosterior, TopDown
from isthmus.likelihoods.gaussian import Gaussian as Noise
from isthmus.priors.ladder import Ladder as LadderPrior
from isthmus.records import Batch
from isthmus.terms.code_cost import CodeCost
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.random_stream import RandomStream

DIM, SD = 6, 0.7
DOWN, SPREAD = torch.tensor([1.2, -0.6]), torch.tensor([0.5, 0.8])  # a, and the diagonal of T


@pytest.fixture
def exact():
    """The model with the exact posterior, its covariance of x, and data from it."""
    generator = torch.Generator().manual_seed(0)
    weight = torch.linalg.qr(torch.randn(DIM, 2, generator=generator)).Q * torch.tensor([2.0, 0.8])
    model = Autoencoder(
        encoder=Encoder(in_shape=(DIM,), out_dim=6, hidden=(), linear_path="none"),
        bottleneck=Ladder(3, depth=2, hidden=(), bound=1000.0),
        decoder=Decoder(latent_dim=3, out_shape=(DIM,), hidden=(), linear_path="none"),
        likelihood=Noise(variance="fixed", scale=SD),
        prior=LadderPrior(3),
        terms=[Reconstruction(), CodeCost("kl")],
    )
    squares = weight.square().sum(0)  # the diagonal of W^T W
    cov_1 = torch.outer(DOWN, DOWN) + torch.diag(SPREAD)
    covariance = weight @ cov_1 @ weight.T + SD**2 * torch.eye(DIM)
    top = (weight @ DOWN) @ torch.linalg.inv(covariance)  # E[z_2 | x]
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.decoder.head.weight[:, :2] = weight
        model.encoder.head.weight[:2] = (weight / squares).T
        model.encoder.head.weight[2] = top
        model.encoder.head.bias[3:5] = (SD**2 / squares).log()
        model.encoder.head.bias[5] = (1 - top @ weight @ DOWN).log()
        linear = model.bottleneck.down.networks[0][1]
        linear.weight[:2] = DOWN[:, None]
        linear.bias[2:] = SPREAD.log()
    x = torch.distributions.MultivariateNormal(torch.zeros(DIM), covariance).sample((400,))
    return model.eval(), covariance, x


def true_log_prob(x, covariance):
    return torch.distributions.MultivariateNormal(torch.zeros(DIM), covariance).log_prob(x)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_with_the_exact_posterior_importance_sampling_is_exact_with_any_draw(exact):
    model, covariance, x = exact
    with torch.no_grad():
        found = model.log_prob(Batch(x=x), normal(3, len(x), 3))
    assert torch.allclose(found, true_log_prob(x, covariance), atol=1e-3)


def test_the_elbo_of_all_levels_is_log_p(exact):
    model, covariance, x = exact
    with torch.no_grad():
        bound = model.log_bound(Batch(x=x), normal(2000, 1, 3))
    assert torch.allclose(bound, true_log_prob(x, covariance), atol=0.15)
    assert bound.mean().item() == pytest.approx(true_log_prob(x, covariance).mean().item(), abs=0.02)


@pytest.mark.parametrize("row", [0, 2, 3, 5])
def test_any_other_posterior_gives_a_lower_bound_and_importance_sampling_mends_it(exact, row):
    model, covariance, x = exact
    with torch.no_grad():
        model.encoder.head.bias[row] += 0.4
        bound = model.log_bound(Batch(x=x), normal(500, 1, 3)).mean().item()
        close = model.log_prob(Batch(x=x), normal(2000, 1, 3)).mean().item()
    truth = true_log_prob(x, covariance).mean().item()
    assert bound < truth - 0.03
    assert close == pytest.approx(truth, abs=0.03)


def test_the_loss_is_minus_the_elbo_and_the_levels_add_up(exact):
    model, covariance, x = exact
    with RandomStream(0), torch.no_grad():
        traces = [model(Batch(x=x)) for _ in range(100)]
        losses = [model.loss(trace).total.item() for trace in traces]
    assert np.mean(losses) == pytest.approx(-true_log_prob(x, covariance).mean().item(), rel=2e-3)
    costs = traces[0].code.costs
    assert set(costs) == {"kl", "level_1.kl", "level_2.kl"}
    assert torch.allclose(costs["kl"], costs["level_1.kl"] + costs["level_2.kl"], atol=1e-5)


def test_draws_from_the_prior_have_its_covariance(exact):
    model, _, _ = exact
    with RandomStream(0):
        z = model.prior.sample((20_000, 3))
    joint = torch.zeros(3, 3)
    joint[:2, :2], joint[2, 2] = torch.outer(DOWN, DOWN) + torch.diag(SPREAD), 1.0
    joint[:2, 2] = joint[2, :2] = DOWN
    assert torch.allclose(torch.cov(z.T), joint, atol=0.05)
    wanted = torch.distributions.MultivariateNormal(torch.zeros(3), joint).log_prob(z)
    assert torch.allclose(model.prior.log_prob(z).sum(1), wanted, atol=1e-3)


def some_posterior():
    with RandomStream(0):
        down = TopDown((2, 1), hidden=(8,), bound=10.0)
        for parameter in down.parameters():
            torch.nn.init.normal_(parameter, std=0.5)
    said = [DiagonalGaussian(normal(1, n, seed=n), normal(1, n, seed=n + 5)) for n in (2, 1)]
    return LadderPosterior(said, down)


def test_the_divergence_is_that_of_draws():
    posterior = some_posterior()
    z = posterior.at(normal(20_000, 1, 3))
    prior = torch.cat([p.log_prob(own) for p, own in zip(posterior.down(z), z.split([2, 1], -1), strict=True)], -1)
    rough = (posterior.log_prob(z) - prior).sum(-1)
    exact = posterior.divergence(z).sum(-1)
    assert exact.mean().item() == pytest.approx(rough.mean().item(), abs=5 * rough.std().item() / 20_000**0.5)
    assert exact.std() < rough.std()


def test_the_density_adds_up_to_one():
    posterior = some_posterior()
    z = posterior.at(normal(200_000, 1, 3))
    log_p = posterior.log_prob(z).sum(-1)
    inside = ((z - posterior.mean).abs() < 0.5).all(-1)
    assert ((-log_p).exp() * inside).mean().item() == pytest.approx(1.0, rel=0.05)  # the volume of the box


def test_cut_from_its_graph_it_still_has_a_slope_in_z():
    posterior = some_posterior()
    z = posterior.at(normal(5, 1, 3)).detach().requires_grad_()
    cut = posterior.detached()
    assert torch.equal(cut.log_prob(z), posterior.log_prob(z))
    cut.log_prob(z).sum().backward()
    assert bool((z.grad != 0).any())
    assert all(parameter.grad is None for parameter in posterior.down.parameters())


@pytest.mark.parametrize(
    ("latent_dim", "depth", "sizes"),
    [(24, 2, [16, 8]), (124, 5, [64, 32, 16, 8, 4]), (3, 3, [1, 1, 1]), (5, 4, [2, 1, 1, 1]), (7, 1, [7])],
)
def test_levels_have_half_as_many_numbers_as_those_below(latent_dim, depth, sizes):
    assert _sizes(latent_dim, depth) == sizes


def test_of_one_level_it_is_a_vae():
    x = np.random.default_rng(0).normal(size=(60, 4))
    trainer = im.Trainer(epochs=2, validation=0, compile=False)
    one, other = (
        im.LadderVAE(2, depth=1, warmup=0, trainer=trainer).fit(x),
        im.VAE(2, trainer=trainer).fit(x),
    )
    assert np.allclose(one.transform(x), other.transform(x), atol=1e-4)
    assert np.allclose(one.score_samples(x), other.score_samples(x), atol=1e-3)


def test_what_cannot_be_is_refused_in_words():
    with pytest.raises(ParameterError, match="latent_dim is 2; expected 1 or more for each of 3 levels"):
        im.LadderVAE(2, depth=3).fit(np.random.default_rng(0).normal(size=(30, 4)))
    with pytest.raises(ParameterError, match="Gaussian have no levels"):
        LadderPrior(2).connect(Encoder((3,), 4), Gaussian(2))
