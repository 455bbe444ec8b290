"""What a code costs, by draws where no closed form tells it; and what few rows cannot show."""

import copy
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

import isthmus as im
from isthmus import catalogue
from isthmus.data import read
from isthmus.errors import DataError, ParameterError
from isthmus.metrics.disentanglement.dci import DCI
from isthmus.metrics.disentanglement.encoded import Encoded
from isthmus.metrics.latent_usage import usage_of
from isthmus.metrics.rows import batches
from isthmus.tasks import evaluation as evaluation_module

QUICK = im.Trainer(epochs=5, validation=0, compile=False)
RATE, DISTORTION = "rate, KL(q(z|x) || p(z))", "distortion, -log p(x|z)"


@pytest.fixture(scope="module")
def parts():
    digits = im.data.load("digits")
    return digits.take(range(1000)), digits.take(range(1000, 1300))


@pytest.fixture(scope="module")
def vae(parts):
    return im.VAE(6, trainer=QUICK, random_state=0).fit(parts[0])


def exact_rate(model, examples, draws=300):
    """By very many draws of each code."""
    autoencoder, found = model.autoencoder_, []
    with torch.no_grad():
        for batch in batches(model, examples):
            posterior = autoencoder.encode(batch).posterior
            z = posterior.at(model._noise(7, draws, len(batch)))
            log_q, log_p = (part.log_prob(z).flatten(2).sum(2) for part in (posterior, autoencoder.prior))
            found.append((log_q - log_p).mean(0))
    return float(torch.cat(found).mean())


@pytest.mark.parametrize("prior", ["full_gaussian", "gaussian_mixture", "kernel_density", "coupling_flow"])
def test_another_prior_changes_the_rate_and_not_the_distortion(vae, parts, prior):
    train, test = parts
    before = im.evaluate(vae, test, known=train, samples=False)
    other = copy.deepcopy(vae).fit_prior(train, prior=prior)
    after = im.evaluate(other, test, known=train, samples=False)
    assert after[DISTORTION].value == pytest.approx(before[DISTORTION].value, abs=1e-3)
    assert after[RATE].value == pytest.approx(exact_rate(other, test), abs=0.15)
    assert after[RATE].value < before[RATE].value
    told = after["mutual information of x and z"].value + after["KL(q(z) || p(z))"].value
    assert told == pytest.approx(after[RATE].value, abs=0.4)  # one draw of each code


@pytest.mark.parametrize("name", ["cluster_vae", "flow_vae", "joint_vae", "ladder_vae", "hyperspherical_vae"])
def test_rates_of_models_are_those_of_very_many_draws(parts, name):
    train, test = parts
    model = catalogue.make("models", name, {"trainer": QUICK}).fit(train.values[:400])
    assert usage_of(model, read(test.values)).kl.sum() == pytest.approx(exact_rate(model, read(test.values)), abs=0.3)


def test_the_mean_bound_errs_by_the_draws_of_each_row_and_not_by_those_of_all(vae, parts):
    test = parts[1]

    def bounds(noise):
        scores = vae._by_batch(test, None, lambda b, n: vae.autoencoder_.log_bound(b, noise(b, n)))
        return float(vae._in_users_units(scores, test).mean())

    shared = [bounds(lambda b, n, s=s: vae._noise(s, 16)) for s in range(12)]
    own = [bounds(lambda b, n, s=s: vae._noise(1000 * s + n, 16, len(b))) for s in range(12)]
    assert np.std(own) < 0.5 * np.std(shared)
    assert abs(vae.score(test) - np.mean(own)) < 5 * np.std(own)
    assert vae.score(test) == vae.score(test)
    assert vae.score(test) == im.evaluate(vae, test, samples=False, known=parts[0])["ELBO at beta = 1"].value


@pytest.mark.parametrize("together", [16, 50, 100])
def test_how_many_rows_are_scored_at_a_time_changes_nothing(vae, parts, monkeypatch, together):
    whole = vae.score(parts[1]), vae.log_prob(parts[1], samples=3)
    monkeypatch.setattr("isthmus.estimator.MOST_OUTPUTS", 64 * together)
    assert vae._rows_in_block < 256
    assert vae.score(parts[1]) == pytest.approx(whole[0], rel=1e-5)
    assert np.allclose(vae.log_prob(parts[1], samples=3), whole[1], rtol=1e-4)


def test_few_rows_are_said_to_show_less_than_there_is(parts):
    train, test = parts
    vae = im.VAE(16, trainer=im.Trainer(epochs=15, validation=0, compile=False)).fit(train)
    found = im.latent_information(vae, test)
    assert found.saturated
    assert f"at least {found.mutual_information:.2f}" in found.as_text()
    told = im.evaluate(vae, test, known=train, samples=False)
    assert any("at least" in note for note in told.notes)
    assert f"log(300) = {math.log(300):.2f}" in told["total correlation of z"].extractor


def test_the_rate_of_symbols_is_that_of_a_coder_that_knows_the_rows_to_learn_from(parts):
    train, test = (each.values for each in parts)
    model = im.VQVAE(4, trainer=QUICK).fit(train)
    told = im.evaluate(model, test[:30], known=train, samples=False)["rate, by frequency of symbols"]
    assert told.value > math.log2(30)  # of 30 rows alone no more could be seen
    assert "rows to learn from" in told.extractor


def test_dci_finds_the_numbers_that_tell_factors_among_very_many():
    rng = np.random.default_rng(0)
    grid = np.indices((4, 5)).reshape(2, -1).T.repeat(30, axis=0)
    codes = np.concatenate([grid, rng.normal(size=(len(grid), 98))], axis=1)
    found = DCI.measure(Encoded.of(codes, grid))
    assert found.disentanglement.value > 0.99
    assert found.completeness.value > 0.99


def test_fewer_rows_than_a_rate_takes_are_the_reason(vae, parts):
    few = im.evaluate(vae, parts[1].take(range(12)), known=parts[0])
    reasons = {each.part: each.reason for each in few.left_out}
    assert "there are 12 held-out rows; expected 20 or more" in reasons["rate and distortion"]


def test_factors_may_have_names_and_come_with_the_rows(vae, parts):
    factors = {"tens": np.arange(300) // 30, "odd": np.arange(300) % 2}
    named = im.evaluate(vae, parts[1], known=parts[0], factors=factors, samples=False)
    brought = im.evaluate(vae, replace(parts[1], factors=factors), known=parts[0], samples=False)
    assert named.details["disentanglement"] == brought.details["disentanglement"]
    assert set(named.details["disentanglement"]["factors"]) == {"tens", "odd"}
    with pytest.raises(ParameterError, match="factors has 3 rows, X 300 rows"):
        im.evaluate(vae, parts[1], factors={"odd": [0, 1, 0]})


def test_copies_are_told_where_it_is_known_what_was_learnt(vae, parts, monkeypatch):
    train, test = parts
    monkeypatch.setattr(vae, "sample", lambda n, **_: np.resize(train.values, (n, 64)), raising=False)
    known = im.evaluate(vae, test, known=train)
    assert known["copies"].value > 0.9
    unknown = im.evaluate(vae, test)
    assert "copies" not in [each.name for each in unknown.measured]
    assert any("known=" in note for note in unknown.notes)
    assert im.sample_report(vae, test).makers["VAE"].quality.copies is None
    assert " -" in im.sample_report(vae, test).as_text()


def test_a_part_that_fails_costs_no_other(vae, parts, monkeypatch):
    train, test = parts
    monkeypatch.setattr(vae, "sample", lambda n, **_: np.full((n, 64), np.nan), raising=False)
    drawn = im.evaluate(vae, test, known=train)
    assert any("draws of VAE hold NaN" in each.reason for each in drawn.left_out)
    with pytest.raises(DataError, match=r"classes of X are \['digit 5'.*rows to learn from \[0, 1, 2\]"):
        im.evaluate(vae, test, np.array([f"digit {y}" for y in test.labels]), known=train)

    def broken(given):
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(evaluation_module, "PARTS", {**evaluation_module.PARTS, "clustering": broken})
    found = im.evaluate(vae, test, known=train, samples=False)
    assert "failed with ZeroDivisionError: oh" in [each.reason for each in found.left_out]
    assert "ELBO at beta = 1" in [each.name for each in found.measured]


def test_annealing_refuses_a_seed_that_is_none(vae, parts):
    with pytest.raises(ParameterError, match="random_state is -1"):
        im.annealed_log_prob(vae, parts[1].take(range(2)), random_state=-1)


def test_rates_of_conditional_models_are_told_the_condition(parts):
    train, test = parts
    model = im.CVAE(4, trainer=QUICK).fit(train, train.labels)
    found = im.latent_information(model, test)
    assert found.kl == pytest.approx(exact_rate(model, test), abs=0.4)
    assert sum(found.kl_by_dimension) == pytest.approx(exact_rate(model, test), abs=0.1)


def test_rows_that_were_learnt_are_told(vae, parts):
    train, test = parts
    shared = im.evaluate(vae, train.take(range(50)), known=train, samples=False)
    assert "50 of the 50 rows are among those to learn from" in str(shared)
    assert "among those" not in str(im.evaluate(vae, test, known=train, samples=False))
    unknown = str(im.evaluate(vae, test, samples=False))
    assert "150 rows, 150 to learn from" in unknown
    assert "whether the model has learnt from these rows is not known" in unknown


def test_a_collapse_is_not_told_of_a_row(vae, parts):
    assert usage_of(vae, parts[1].take([0])).remedy(["free_bits"]) is None
