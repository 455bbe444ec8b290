"""A prior fitted to the codes of a model: the choice by held-out nats, what then draws and scores, what is refused."""

import json
import math

import numpy as np
import pytest
import torch
from torch import nn

import isthmus as im
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.identity import Identity
from isthmus.code_prior import PriorScores, candidates, fit_code_prior
from isthmus.encoders.module import Module
from isthmus.errors import DataError, NotAvailableError, ParameterError, UnknownNameError
from isthmus.priors.full_gaussian import FullGaussian
from isthmus.priors.standard_normal import StandardNormal
from isthmus.priors.vamp import VampPrior
from isthmus.records import View
from isthmus.terms.code_likelihood import CodeLikelihood

QUICK = im.Trainer(epochs=2, validation=0.125)
LONGER = im.Trainer(epochs=40, validation=0.125, batch_size=128)


def of_codes(codes, prior="auto", trainer=LONGER, seed=0):
    """A prior of these codes, as if a model had made them."""
    dim = codes.shape[1]
    model = Autoencoder(Module(nn.Identity(), (dim,), dim), Identity(dim), terms=[CodeLikelihood(StandardNormal())])
    return fit_code_prior(model, codes, lambda index: View(x=codes[index]), prior=prior, trainer=trainer, seed=seed)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_codes_on_a_sphere_keep_their_prior():
    x = np.random.default_rng(0).normal(size=(60, 4))
    model = im.HypersphericalVAE(3, trainer=im.Trainer(epochs=1)).fit(x)
    with pytest.raises(ParameterError, match="codes of HypersphericalVAE are on a part of space"):
        model.fit_prior(x)


def test_codes_of_a_gaussian_have_its_entropy_and_the_smallest_that_says_so_is_chosen():
    factor = torch.tensor([[1.0, 0.0], [1.8, 0.6]])
    found = of_codes(normal(3000, 2) @ factor.T + 3, trainer=QUICK)
    entropy = math.log(2 * math.pi * math.e) + math.log(0.6)
    scores = found.scores
    assert scores.chosen == "full_gaussian"
    for name in ("full_gaussian", "coupling_flow", "masked_autoregressive_flow", "second_vae"):
        assert scores.nats[name] == pytest.approx(-entropy, abs=0.1)
    assert scores.nats["standard_normal"] < -entropy - 3
    assert isinstance(found.prior, FullGaussian)
    assert found.history is None
    assert (scores.fitted_on, scores.held_out, scores.numbers, scores.seed) == (2400, 600, 2, 0)
    assert scores.bounds == ("second_vae",)
    assert set(scores.nats) == set(candidates()) - {"vamp"}
    assert "Identity have no density given x" in scores.left_out["vamp"]


def test_a_standard_normal_is_found_to_be_one():
    assert of_codes(normal(2000, 3), trainer=QUICK).scores.chosen == "standard_normal"


def ring(count):
    angle = 2 * math.pi * torch.rand(count, generator=torch.Generator().manual_seed(1))
    return torch.stack([angle.cos(), angle.sin()], 1) * 3 + 0.15 * normal(count, 2)


def test_of_a_ring_all_that_bend_know_more_than_the_gaussian():
    codes = ring(1500)
    found = of_codes(codes)
    nats = found.scores.nats
    for name in (
        "coupling_flow",
        "masked_autoregressive_flow",
        "second_vae",
        "gaussian_mixture",
        "kernel_density",
    ):
        assert nats[name] > nats["full_gaussian"] + 0.4, name
    truth = math.log(2 * math.pi * 3) + 0.5 * math.log(2 * math.pi * math.e * 0.15**2)  # of the angle, of the radius
    assert max(nats.values()) < -truth + 0.2
    assert nats[found.scores.chosen] > -truth - 0.4
    drawn = found.prior.sample((500, 2)).norm(dim=1)
    assert 2.3 < drawn.quantile(0.1) < drawn.quantile(0.9) < 3.7


def test_the_same_seed_finds_the_same():
    codes = ring(200)
    one, other, third = (of_codes(codes, "coupling_flow", QUICK, seed) for seed in (0, 0, 1))
    z = normal(5, 2)
    assert one.scores == other.scores
    assert torch.equal(one.prior.log_prob(z), other.prior.log_prob(z))
    assert one.scores.nats != third.scores.nats


def test_one_standard_error_is_forgiven_and_the_smallest_is_taken():
    given = {"fitted_on": 8, "held_out": 4, "numbers": 1, "seed": 0}
    told = {
        "large": torch.tensor([-1.0, -1.1, -0.9, -1.0]),
        "small": torch.tensor([-0.5, -1.7, -0.6, -1.6]),
        "bad": torch.tensor([-2.0, -2.1, -1.9, -2.0]),
    }
    sizes = {"large": 900, "small": 9, "bad": 0}
    scores = PriorScores.of(told, sizes, **given, bounds=("large",), left_out={"none": "it was not there"})
    assert scores.chosen == "small"
    assert PriorScores.of(told, sizes, **given, wanted="bad").chosen == "bad"
    assert PriorScores.from_json(json.loads(json.dumps(scores.to_json()))) == scores
    lines = scores.as_text().splitlines()
    assert [line.split()[0] for line in lines] == ["prior", "large", "small", "bad", "none:", "chosen:"]
    assert lines[1].split()[1] == ">=-1.000"
    assert lines[4] == "none: left out: it was not there"
    assert lines[-1].startswith(
        "chosen: small, the smallest that is behind by no more than its error; mean log p(z) of 4 held-out codes of "
        "1 numbers, fitted on 8 (seed 0)"
    )


@pytest.fixture(scope="module")
def digits():
    return im.data.load("digits").take(range(400)).values


@pytest.fixture(scope="module")
def vae(digits):
    return im.VAE(4, trainer=im.Trainer(epochs=20, validation=0)).fit(digits)


@pytest.fixture(scope="module")
def ae(digits):
    return im.AE(4, trainer=im.Trainer(epochs=20, validation=0)).fit(digits)


@pytest.mark.parametrize("name", candidates())
def test_each_is_drawn_from_scored_by_and_saved(name, digits, vae, tmp_path):
    model = im.load(vae.save(tmp_path / "before"))
    kept = model.transform(digits[:9])
    assert model.fit_prior(digits, prior=name, trainer=QUICK) is model
    again = im.load(model.save(tmp_path / "after"))
    assert again.prior_scores_ == model.prior_scores_
    assert again.prior_scores_.chosen == name
    assert np.array_equal(again.sample(5, random_state=0), model.sample(5, random_state=0))
    assert np.array_equal(again.score_samples(digits[:50]), model.score_samples(digits[:50]))
    assert np.array_equal(again.log_prob(digits[:9]), model.log_prob(digits[:9]))
    half = im.load(tmp_path / "after", part="decoder")
    assert np.array_equal(half.sample(5, random_state=0), model.sample(5, random_state=0))
    assert np.array_equal(model.transform(digits[:9]), kept)  # the model is as it was
    same = np.array_equal(model.score_samples(digits[:50]), vae.score_samples(digits[:50]))
    assert same == (name == "standard_normal")


def test_an_autoencoder_draws_afterwards(digits, ae, tmp_path):
    with pytest.raises(ParameterError, match=r"Fit one to its codes: model.fit_prior\(X\)"):
        ae.sample(3)
    model = im.load(ae.save(tmp_path / "ae"))
    before = model.score_samples(digits)
    model.fit_prior(digits, trainer=QUICK)
    assert model.sample(6, random_state=0).shape == (6, 64)
    assert np.array_equal(model.score_samples(digits), before)  # log p(x | z): the code is not random
    assert model.prior_scores_.nats[model.prior_scores_.chosen] > model.prior_scores_.nats["standard_normal"] + 1
    mean, spread = model.sample(500, random_state=0).mean(0), digits.std(0)
    assert np.abs(mean - digits.mean(0))[spread > 1].mean() < 0.5 * spread[spread > 1].mean()
    model.fit(digits)
    assert model.prior_scores_ is None


def test_a_better_prior_makes_the_bound_higher(digits, vae, tmp_path):
    model = im.load(vae.save(tmp_path / "m"))
    held_out = im.data.load("digits").take(range(400, 800)).values
    before = model.score_samples(held_out).mean()
    model.fit_prior(digits, prior={"name": "gaussian_mixture", "components": 6})
    assert model.autoencoder_.prior.arguments["components"] == 6
    assert model.score_samples(held_out).mean() > before


def test_pseudo_inputs_come_from_rows_that_are_not_held_out(digits, vae, tmp_path):
    model = im.load(vae.save(tmp_path / "m"))
    model.fit_prior(digits, prior=VampPrior(4, (64,), components=7), trainer=QUICK)
    assert model.autoencoder_.prior.pseudo_inputs.shape == (7, 64)
    assert model.prior_scores_.sizes["vamp"] == 7 * 64
    assert all(p.requires_grad for p in model.autoencoder_.encoder.parameters() if p.ndim > 0)


def test_conditional_models_texts_and_codes_with_places():
    x, y = normal(60, 5).numpy(), np.arange(60) % 2
    once = im.Trainer(epochs=1, validation=0)
    cvae = im.CVAE(2, condition_dropout=0.0, trainer=once).fit(x, y)
    cvae.fit_prior(x, y, prior="full_gaussian")
    assert cvae.sample(3, condition=1, random_state=0).shape == (3, 5)
    with pytest.raises(ParameterError, match="has always been told y"):
        cvae.fit_prior(x)
    texts = ["abc", "bcd", "cde", "ab"] * 10
    written = im.SequenceAE(3, trainer=once).fit(texts).fit_prior(texts, prior="full_gaussian")
    assert len(written.sample(3, random_state=0)) == 3
    network = (nn.Conv2d(1, 4, 2, stride=2), nn.ConvTranspose2d(2, 1, 2, stride=2))
    pictures = np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8)
    places = im.VAE(2, network=network, trainer=once).fit(pictures).fit_prior(pictures, prior="full_gaussian")
    assert places.sample(3, random_state=0).shape == (3, 8, 8)
    assert places.prior_scores_.numbers == 4 * 4 * 2


def test_what_makes_no_sense_is_refused_with_how_to_mend_it(digits, ae, vae, tmp_path):
    with pytest.raises(ParameterError, match=r"No prior is called 'full_gausian'. Did you mean 'full_gaussian'\?"):
        ae.fit_prior(digits, prior="full_gausian")
    with pytest.raises(ParameterError, match="prior is 3; expected 'auto', a name, a mapping"):
        ae.fit_prior(digits, prior=3)
    for name in ("autoregressive", "class_means"):
        with pytest.raises(ParameterError, match=f"{name!r} is not learnt from the codes of a fitted model; expected"):
            ae.fit_prior(digits, prior=name)
    with pytest.raises(UnknownNameError, match="has no parameter 'layer'. Did you mean 'layers'"):
        ae.fit_prior(digits, prior={"name": "coupling_flow", "layer": 2})
    with pytest.raises(DataError, match="fit_prior got 19 rows; expected 20 or more, of which a fifth is held out"):
        ae.fit_prior(digits[:19])
    with pytest.raises(ParameterError, match="components is 50; there are 16 codes, expected one for each or more"):
        ae.fit_prior(digits[:20], prior={"name": "gaussian_mixture", "components": 50})
    with pytest.raises(ParameterError, match="trainer is {'epochs': 1}; expected a Trainer or None"):
        ae.fit_prior(digits, trainer={"epochs": 1})
    with pytest.raises(ParameterError, match="is not conditional"):
        ae.fit_prior(digits, np.zeros(len(digits)))
    other = FullGaussian(9)
    with pytest.raises(ParameterError, match="FullGaussian: latent_dim is 9; the code has 4 numbers"):
        ae.fit_prior(digits, prior=other)
    with pytest.raises(ParameterError, match="loaded in part"):
        im.load(vae.save(tmp_path / "m"), part="encoder").fit_prior(digits)
    clusters = im.VaDE(2, n_clusters=2, pretrain_steps=2, hold_steps=2, trainer=im.Trainer(epochs=1, validation=0))
    with pytest.raises(ParameterError, match="VaDE tells clusters by its prior"):
        clusters.fit(digits).fit_prior(digits)
    for none in (im.WGANGP(2), im.DeepInfoMax(2)):
        with pytest.raises(AttributeError) as caught:
            none.fit_prior  # noqa: B018
        assert isinstance(caught.value.__cause__, NotAvailableError)


def test_symbols_have_one_kind_of_prior(digits):
    model = im.FSQVAE(trainer=im.Trainer(epochs=1, validation=0)).fit(digits)
    with pytest.raises(ParameterError, match="are symbols, expected 'autoregressive' or 'auto'"):
        model.fit_prior(digits, prior="full_gaussian")
    small = {"width": 8, "depth": 1, "heads": 2, "trainer": im.Trainer(epochs=1, validation=0)}
    model.fit_prior(digits, prior="autoregressive", random_state=1, **small)
    assert model.prior_scores_ is None
    assert model.sample(2, random_state=0).shape == (2, 64)
