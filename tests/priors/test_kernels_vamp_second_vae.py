"""Priors that are mixtures over many codes, against sums written out; and the VAE of codes, against the Gaussian."""

import copy
import math

import pytest
import torch
from torch import nn

import isthmus as im
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.gaussian import Gaussian
from isthmus.bottlenecks.identity import Identity
from isthmus.decoders.mlp import MLP as Decoder
from isthmus.encoders.mlp import MLP
from isthmus.encoders.module import Module
from isthmus.encoders.recurrent import Recurrent
from isthmus.errors import ParameterError
from isthmus.likelihoods.gaussian import Gaussian as Likelihood
from isthmus.priors.full_gaussian import FullGaussian
from isthmus.priors.kernel_density import KernelDensity
from isthmus.priors.second_vae import SecondVAE
from isthmus.priors.vamp import VampPrior
from isthmus.records import Batch, Code, Trace, View
from isthmus.terms.code_cost import CodeCost
from isthmus.terms.code_likelihood import CodeLikelihood
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.random_stream import RandomStream
from isthmus.training.resident import Resident


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


# -- kernels ------------------------------------------------------------------------------------------


def test_a_kernel_density_is_the_mean_of_gaussians_about_the_codes():
    codes, z = normal(40, 3) @ normal(3, 3, seed=1), normal(7, 3, seed=2)
    prior = KernelDensity(3, size=50)
    prior.fit(codes)
    whitening = FullGaussian(3)
    whitening.fit(codes)
    factor = whitening.flow.whitening._factor() * prior.log_bandwidth.exp()
    each = torch.distributions.MultivariateNormal(codes, scale_tril=factor).log_prob(z[:, None])
    assert torch.allclose(prior.log_prob(z)[:, 0], each.logsumexp(1) - math.log(40), atol=1e-3)


def test_its_bandwidth_is_the_one_by_which_codes_left_out_are_likeliest():
    codes = normal(60, 2)
    prior = KernelDensity(2, size=60)
    prior.fit(codes)

    def left_out(factor):
        changed = copy.deepcopy(prior)
        changed.log_bandwidth += math.log(factor)
        own = -2 * (changed.log_bandwidth + 0.5 * math.log(2 * math.pi)) - changed.whitening.log_scale.sum()
        whole = changed.log_prob(codes)[:, 0] + math.log(60)
        return (whole + torch.log1p(-(own - whole).exp())).mean()  # without its own kernel

    assert left_out(1.0) >= max(left_out(0.8), left_out(1.25))


def test_of_many_codes_some_are_kept_and_of_few_all():
    prior = KernelDensity(2, size=30)
    prior.fit(normal(100, 2))
    assert prior.shares.tolist() == pytest.approx([1 / 30] * 30)
    prior.fit(normal(10, 2))
    assert prior.shares.gt(0).sum() == 10
    with RandomStream(0):
        assert bool(prior.log_prob(prior.sample((50, 2))).isfinite().all())


def test_kernels_are_not_for_training():
    with pytest.raises(ParameterError, match=r"fit it afterwards, by model.fit_prior\(X, prior='kernel_density'\)"):
        KernelDensity(2).initialise(normal(9, 2), normal(9, 2))


# -- pseudo-inputs ------------------------------------------------------------------------------------


def met(components=4, dropout=0.0):
    with RandomStream(0):
        prior = VampPrior(latent_dim=2, in_shape=(5,), components=components)
        encoder = MLP((5,), 4, hidden=(8,), dropout=dropout, linear_path="none")
        nn.init.normal_(encoder.head.weight)
        prior.connect(encoder, Gaussian(2))
    return prior, encoder


def test_with_as_many_pseudo_inputs_as_rows_it_is_the_aggregate_posterior():
    prior, encoder = met(components=30)
    x, z = normal(30, 5), normal(11, 2, seed=1)
    with RandomStream(0):
        prior.look_at(View(x=x))
    q = Gaussian(2).posterior(encoder.eval()(View(x=x)))
    wanted = q.log_prob(z[:, None]).sum(-1).logsumexp(1) - math.log(30)
    assert torch.allclose(prior.log_prob(z)[:, 0], wanted, atol=1e-5)


def test_of_few_rows_each_comes_as_often():
    prior, _ = met(components=6)
    prior.look_at(View(x=torch.arange(15.0).reshape(3, 5)))
    assert sorted(prior.pseudo_inputs[:, 0].tolist()) == [0, 0, 5, 5, 10, 10]


def test_the_encoder_reads_pseudo_inputs_without_dropout_and_goes_on_learning():
    prior, encoder = met(dropout=0.5)
    z = normal(3, 2)
    quiet = prior.eval().log_prob(z)
    encoder.train()
    assert torch.equal(prior.train().log_prob(z), quiet)
    assert all(part.training for part in encoder.modules())
    prior.log_prob(z).sum().backward()
    assert prior.pseudo_inputs.grad.abs().sum() > 0
    assert encoder.head.weight.grad.abs().sum() > 0


def test_draws_are_of_the_mixture():
    prior, _ = met()
    with RandomStream(0):
        z = prior.sample((4000, 2))
    q = prior._posterior(prior.pseudo_inputs)
    mean = q.mean.mean(0)
    sd = (q.log_var.exp() + (q.mean - mean).square()).mean(0).sqrt()
    assert torch.allclose(z.mean(0), mean, atol=0.1)
    assert torch.allclose(z.std(0), sd, rtol=0.1)


def test_where_there_is_no_way_to_a_posterior_of_numbers_it_says_so():
    prior, encoder = met()
    with pytest.raises(ParameterError, match=r"(?s)Identity have no density given x.*the codes have 3 numbers"):
        prior.connect(encoder, Identity(3))
    with pytest.raises(ParameterError, match=r"in_shape is \(5,\); MLP takes \(6,\)"):
        prior.connect(MLP((6,), 4, hidden=(8,)), Gaussian(2))
    with pytest.raises(ParameterError, match="is told a condition"):
        prior.connect(MLP((5,), 4, hidden=(8,), condition_dim=2), Gaussian(2))
    with pytest.raises(ParameterError, match="reads symbols"):
        prior.connect(Recurrent((5,), 4, levels=7), Gaussian(2))
    with pytest.raises(ParameterError, match="has not met an encoder"):
        VampPrior(2, (5,)).log_prob(torch.zeros(1, 2))
    with pytest.raises(ParameterError, match=r"whole rows of shape \(5,\); got rows of shape \(6,\)"):
        prior.look_at(View(x=torch.zeros(2, 6)))
    with pytest.raises(ParameterError, match="got rows with gaps"):
        prior.look_at(View(x=torch.zeros(2, 5), valid=torch.ones(2, 5).bool()))


@pytest.mark.parametrize("made", [lambda: VampPrior(2, (6,), components=10), lambda: SecondVAE(2, hidden=(8,))])
def test_it_learns_with_a_model_as_well(made):
    centres = 3 * normal(3, 6)
    x = centres[torch.arange(300) % 3] + 0.3 * normal(300, 6, seed=1)
    with RandomStream(0):
        model = Autoencoder(
            MLP((6,), 4, hidden=(16,)),
            Gaussian(2),
            Decoder(2, (6,), hidden=(16,)),
            Likelihood(),
            terms=[Reconstruction(), CodeCost("kl")],
            prior=made(),
        )
    history = im.Trainer(epochs=15, batch_size=50, validation=0.2).fit(model, Resident(x))
    curve = history.curve("held_out", "loss")
    assert min(curve) < curve[0] - 1
    noise = normal(16, 1, 2)
    with torch.no_grad():
        assert model.log_prob(Batch(x=x), noise).mean() >= model.log_bound(Batch(x=x), noise).mean()
    if isinstance(model.prior, VampPrior):
        rows = torch.cdist(model.prior.pseudo_inputs.detach(), x).min(1).values
        assert bool((rows > 0).all())  # they began as rows, and moved
        assert rows.max() < 3


# -- the second VAE -----------------------------------------------------------------------------------


def test_a_second_vae_begins_as_the_gaussian_of_the_codes_whatever_is_drawn():
    codes = normal(300, 3) @ normal(3, 3, seed=1) + 5
    prior, gaussian = SecondVAE(3, hidden=(8,), draws=2), FullGaussian(3)
    prior.initialise(codes, codes)
    gaussian.fit(codes)
    for mode in (True, False):
        assert torch.allclose(prior.train(mode).log_prob(codes), gaussian.log_prob(codes), atol=1e-4)


def test_its_bound_is_a_function_of_the_code_and_rises_with_the_draws():
    with RandomStream(0):
        made = {draws: SecondVAE(2, hidden=(8,), draws=draws).eval() for draws in (1, 4096)}
        for parameter in made[1].parameters():
            nn.init.normal_(parameter, std=0.4)
    weights = {name: value for name, value in made[1].state_dict().items() if name != "noise"}
    made[4096].load_state_dict(weights, strict=False)
    z = normal(400, 2)
    one, many = (prior.log_prob(z) for prior in made.values())
    assert torch.equal(many, made[4096].log_prob(z))
    assert torch.allclose(many[:7], made[4096].log_prob(z[:7]), atol=1e-5)  # in any company
    assert many.mean() > one.mean()
    made[1].train()
    assert not torch.equal(made[1].log_prob(z), made[1].log_prob(z))  # training draws anew


# -- the term -----------------------------------------------------------------------------------------


def test_codes_cost_what_the_prior_says():
    z = normal(4, 3)
    trace = Trace(batch=Batch(x=z), view=View(x=z), features=z, code=Code(z=z))
    made = CodeLikelihood(FullGaussian(3))
    wanted = 0.5 * (z.square() + math.log(2 * math.pi)).sum(1)
    assert torch.allclose(made(trace, {}), wanted, atol=1e-5)
    made.start(10 * z)
    assert made(trace, {}).sum() > wanted.sum()


def test_a_prior_of_other_codes_is_refused():
    with pytest.raises(ParameterError, match="FullGaussian: latent_dim is 3; the code has 2 numbers; fit"):
        Autoencoder(Module(nn.Identity(), (2,), 2), Identity(2), terms=[Reconstruction()], prior=FullGaussian(3))
