"""The mixture prior against closed forms and integrals taken numerically."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from isthmus.errors import ParameterError
from isthmus.layers.clusters import centres_of, gaussian_clusters
from isthmus.layers.diagonal_gaussian import DiagonalGaussian
from isthmus.priors.class_means import ClassMeans
from isthmus.priors.gaussian_mixture import GaussianMixture
from isthmus.priors.standard_normal import StandardNormal
from isthmus.training.random_stream import RandomStream

LOG_2PI = math.log(2 * math.pi)
numbers = st.floats(-3, 3)


def one(mean=0.0, log_var=0.0, dim=1):
    """A mixture of a single component, in double precision."""
    prior = GaussianMixture(dim, components=1).double()
    with torch.no_grad():
        prior.means.fill_(mean)
        prior.log_vars.fill_(log_var)
    return prior


def several(components=3, dim=1, seed=0):
    with RandomStream(seed):
        prior = GaussianMixture(dim, components).double()
        with torch.no_grad():
            prior.means.mul_(2)
            prior.logits.normal_()
            prior.log_vars.normal_()
    return prior


@given(mean=numbers, log_var=numbers, drawn=numbers)
def test_one_standard_component_is_the_standard_normal_whatever_is_drawn(mean, log_var, drawn):
    q = DiagonalGaussian(torch.full((2, 3), mean).double(), torch.full((2, 3), log_var).double())
    z = torch.full((2, 3), drawn).double()
    wanted = StandardNormal().divergence(q, z).sum(-1, keepdim=True)
    prior = one(dim=3)
    assert torch.allclose(prior.divergence(q, z), wanted, atol=1e-9)
    assert torch.allclose(prior.log_prob(z), StandardNormal().log_prob(z).sum(-1, keepdim=True), atol=1e-9)


@given(mean=numbers, log_var=numbers, drawn=numbers, centre=numbers, width=numbers)
def test_one_component_has_the_kl_of_two_gaussians(mean, log_var, drawn, centre, width):
    q = DiagonalGaussian(torch.tensor([[mean]]).double(), torch.tensor([[log_var]]).double())
    wanted = 0.5 * (width - log_var - 1 + (math.exp(log_var) + (mean - centre) ** 2) / math.exp(width))
    found = one(centre, width).divergence(q, torch.tensor([[drawn]]).double())
    assert found.item() == pytest.approx(wanted, rel=1e-6, abs=1e-6)


@given(mean=numbers, log_var=st.floats(-4, 2), seed=st.integers(0, 20))
def test_the_estimate_is_the_integral_on_average(mean, log_var, seed):
    prior = several(seed=seed)
    q = DiagonalGaussian(torch.tensor([[mean]]).double(), torch.tensor([[log_var]]).double())
    z = q.at(torch.linspace(-9, 9, 6001).double()[:, None])
    density = q.log_prob(z).exp()[:, 0]
    known = torch.trapezoid(density * (q.log_prob(z) - prior.log_prob(z))[:, 0], z[:, 0])
    found = torch.trapezoid(density * prior.divergence(q, z)[:, 0], z[:, 0])
    assert found.item() == pytest.approx(known.item(), rel=1e-5, abs=1e-6)


@given(mean=numbers, log_var=st.floats(-4, 2), seed=st.integers(0, 20), cluster=st.integers(0, 2))
def test_within_a_cluster_it_is_the_kl_of_two_gaussians_and_the_clusters_share_on_average(mean, log_var, seed, cluster):
    prior = several(seed=seed)
    q = DiagonalGaussian(torch.tensor([[mean]]).double(), torch.tensor([[log_var]]).double())
    z = q.at(torch.linspace(-9, 9, 6001).double()[:, None])
    density = q.log_prob(z).exp()[:, 0]
    found = prior.divergence_within(q, z, torch.full((len(z),), cluster))
    own = one(prior.means[cluster].item(), prior.log_vars[cluster].item())
    wanted = own.divergence(q, q.mean).item() - prior.logits.log_softmax(0)[cluster].item()
    assert found.shape == (len(z), 1)
    assert torch.trapezoid(density * found[:, 0], z[:, 0]).item() == pytest.approx(wanted, rel=1e-5, abs=1e-5)


def test_a_prior_without_clusters_holds_no_code_to_one():
    z = torch.zeros(2, 1)
    with pytest.raises(ParameterError, match="StandardNormal has none"):
        StandardNormal().divergence_within(DiagonalGaussian(z, z), z, torch.zeros(2, dtype=torch.int64))


def test_it_is_less_noisy_than_a_draw_alone():
    prior = several(components=4, dim=5)
    q = DiagonalGaussian(prior.means.detach() + 0.1, prior.log_vars.detach() - 1)
    with RandomStream(0):
        z = q.at(torch.randn(2000, 4, 5).double())
    ours = prior.divergence(q, z).std(0)
    alone = (q.log_prob(z).sum(-1, keepdim=True) - prior.log_prob(z)).std(0)
    assert bool((ours < 0.6 * alone).all())


def test_memberships_are_bayes_rule():
    prior, z = several(), torch.tensor([[0.3], [-1.0]]).double()
    w, sd = prior.logits.softmax(0), (0.5 * prior.log_vars[:, 0]).exp()
    joint = w * torch.distributions.Normal(prior.means[:, 0], sd).log_prob(z).exp()
    assert torch.allclose(prior.memberships(z), joint / joint.sum(1, keepdim=True))
    assert torch.allclose(prior.log_prob(z), joint.sum(1, keepdim=True).log())


def blobs(count=600):
    with RandomStream(0):
        centres = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
        belongs = torch.where(torch.arange(count) % 6 < 3, 0, torch.where(torch.arange(count) % 6 < 5, 1, 2))
        return centres[belongs] + torch.randn(count, 2) * torch.tensor([1.0, 0.5]), centres


@pytest.mark.parametrize("made", [GaussianMixture, ClassMeans])
def test_it_starts_from_the_clusters_of_codes(made):
    codes, centres = blobs()
    prior = made(2, 3)
    prior.initialise(codes, codes)
    distance = torch.cdist(centres, prior.means.detach())
    assert distance.min(1).values.max() < 0.3
    assert sorted(distance.argmin(1).tolist()) == [0, 1, 2]


def test_a_mixture_learns_weights_and_variances_from_the_start():
    codes, _ = blobs()
    found = gaussian_clusters(codes, 3)
    assert found.weights.sort().values.tolist() == pytest.approx([1 / 6, 1 / 3, 1 / 2], abs=0.02)
    assert found.variances.mean(0).tolist() == pytest.approx([1.0, 0.25], rel=0.25)


@pytest.mark.parametrize("count", [600, 60])  # a graph that is cut; a mixture
def test_the_cluster_of_each_code_is_told(count):
    codes, centres = blobs(count)
    prior = GaussianMixture(2, 3)
    clusters = prior.initialise(codes, codes)
    assert clusters.shape == (count,)
    assert clusters.dtype == torch.int64
    assert torch.equal(torch.cdist(prior.means[clusters], centres).argmin(1), torch.cdist(codes, centres).argmin(1))


def test_clusters_need_not_be_round_and_are_told_by_codes_without_noise():
    """Two long stripes side by side, noise as wide as the gap on them: a Gaussian for each stripe, noise and all."""
    generator = torch.Generator().manual_seed(0)
    along = torch.linspace(-8, 8, 300)
    clean = torch.cat([torch.stack([along, torch.full((300,), side)], 1) for side in (-1.0, 1.0)])
    noisy = clean + torch.randn(600, 2, generator=generator)
    with RandomStream(0):
        found = gaussian_clusters(noisy, 2, clean)
    assert found.means[:, 1].sort().values.tolist() == pytest.approx([-1.0, 1.0], abs=0.2)
    assert found.means[:, 0].tolist() == pytest.approx([0.0, 0.0], abs=0.3)
    assert found.variances[:, 1].tolist() == pytest.approx([1.0, 1.0], rel=0.25)
    assert found.weights.tolist() == [0.5, 0.5]


def test_codes_that_are_all_alike_are_no_error():
    codes = torch.ones(30, 2)
    prior = GaussianMixture(2, 3)
    prior.initialise(codes, codes)
    assert bool(prior.log_prob(codes).isfinite().all())
    assert bool(centres_of(codes, 3).isfinite().all())


@given(mean=numbers, log_var=st.floats(-3, 1), seed=st.integers(0, 20))
def test_class_means_cost_the_kl_and_what_the_softmax_gets_wrong(mean, log_var, seed):
    with RandomStream(seed):
        prior = ClassMeans(1, 3).double()
    q = DiagonalGaussian(torch.tensor([[mean]]).double(), torch.tensor([[log_var]]).double())
    z = q.at(torch.linspace(-9, 9, 6001).double()[:, None])
    density = q.log_prob(z).exp()[:, 0]
    known = torch.trapezoid(density * (q.log_prob(z) - prior.log_prob(z))[:, 0], z[:, 0])
    bayes = torch.trapezoid(density * prior.divergence(q, z)[:, 0], z[:, 0])
    assert bayes.item() == pytest.approx(known.item(), rel=1e-5, abs=1e-6)
    with torch.no_grad():
        prior.told.bias.add_(torch.tensor([1.0, -1.0, 0.5]))
    wrong = torch.trapezoid(density * prior.divergence(q, z)[:, 0], z[:, 0])
    assert wrong > known - 1e-9


def test_one_class_at_zero_is_the_standard_normal_on_average():
    prior = ClassMeans(2, 1)
    with torch.no_grad():
        prior.means.zero_()
    q = DiagonalGaussian(torch.tensor([[1.0, -1.0]]), torch.tensor([[0.3, -1.0]]))
    with RandomStream(0):
        z = q.at(torch.randn(200_000, 1, 2))
    wanted = StandardNormal().divergence(q, z).sum()
    assert prior.divergence(q, z).mean().item() == pytest.approx(wanted.item(), abs=0.02)


@pytest.mark.parametrize("made", [GaussianMixture, ClassMeans])
def test_all_mistakes_are_told_at_once(made):
    with pytest.raises(ParameterError, match=r"(?s)latent_dim is 0.*is -1"):
        made(0, -1)
