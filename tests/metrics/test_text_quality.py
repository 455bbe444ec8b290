"""What models of texts are measured by, against the estimator's own scores and counts by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import isthmus as im
from isthmus import estimator
from isthmus.data import read
from isthmus.data.schemas.text import UnknownTokenWarning
from isthmus.errors import DataError
from isthmus.metrics import rows
from isthmus.metrics.latent_usage import LatentUsage, usage_of
from isthmus.metrics.scorecard import Scorecard
from isthmus.metrics.text_quality import TextQuality

WORDS = read([f"{a}{b}{c}" for a in "abcd" for b in ("nn", "l", "rr", "ss", "i") for c in "aei"])
QUICK = im.Trainer(epochs=2, validation=0)


@pytest.fixture(scope="module")
def vae():
    return im.SequenceVAE(4, network={"width": 16}, trainer=QUICK).fit(WORDS)


def test_likelihoods_are_the_estimators_own(vae):
    found = TextQuality.measure(vae, WORDS)
    assert found.rows == found.likelihood_rows == 60
    assert found.elbo == pytest.approx(vae.score(WORDS), rel=1e-5)
    symbols = sum(len(word) + 1 for word in WORDS.values)
    assert found.elbo_per_token == pytest.approx(found.elbo * 60 / symbols)
    assert found.log_likelihood == pytest.approx(vae.log_prob(WORDS).mean(), rel=0.02)
    assert found.log_likelihood > found.elbo
    assert found.perplexity == pytest.approx(np.exp(found.nats_per_token))
    assert found.kl == pytest.approx(usage_of(vae, WORDS).kl.sum())
    assert found.exact == np.mean(vae.reconstruct(WORDS) == WORDS.values)


@pytest.mark.parametrize("network", ["recurrent", "transformer"])
def test_every_symbol_counts_once_the_end_too(network):
    model = im.SequenceAE(4, network={"name": network, "width": 16}, trainer=QUICK).fit(WORDS)
    found = TextQuality.measure(model, WORDS)
    right = nats = count = 0
    for word in WORDS.values:  # one by one, so without padding
        batch = next(rows.batches(model, read([word])))
        with torch.no_grad():
            scores = model.autoencoder_.decoder(model.autoencoder_.encode(batch), None, batch.x)[0].log_softmax(0)
        right += int((scores.argmax(0) == batch.x[0]).sum())
        nats -= float(scores.gather(0, batch.x).sum())
        count += len(word) + 1
    assert found.token_accuracy == pytest.approx(right / count)
    assert found.nats_per_token == pytest.approx(nats / count, rel=1e-4)
    assert (found.elbo, found.kl, found.active_units) == (None, None, None)


def test_small_batches_change_nothing(vae, monkeypatch):
    whole = TextQuality.measure(vae, WORDS)
    monkeypatch.setattr(estimator, "MOST_OUTPUTS", 1000)
    assert [len(batch) for batch in rows.batches(vae, WORDS)] == [16, 16, 16, 12]  # filled up: 1000 // (13 * 5) is less
    parts = TextQuality.measure(vae, WORDS)
    assert parts.nats_per_token == pytest.approx(whole.nats_per_token, rel=1e-5)
    assert parts.elbo == pytest.approx(whole.elbo, rel=1e-5)


def test_the_scorecard_of_texts(vae):
    labelled = replace(WORDS, labels=np.array([word[0] for word in WORDS.values]))
    card = Scorecard.measure(vae, labelled, labelled)
    assert (card.mse, card.pca_mse) == (None, None)
    assert card.text is not None
    assert (card.elbo, card.log_likelihood) == (card.text.elbo, card.text.log_likelihood)
    assert card.pca_knn is not None
    assert card.probe is not None
    said = card.as_text()
    assert "bag of tokens, PCA-4" in said
    assert said.count("ELBO") == 2
    assert card.to_json()["text"]["exact"] == card.text.exact
    assert "PCA" not in Scorecard.measure(vae, WORDS, WORDS).as_text()


def test_bags_of_very_many_tokens_are_few(vae, monkeypatch):
    monkeypatch.setattr(rows, "MOST_SHARES", 0)
    monkeypatch.setattr(rows, "FEWEST", 20)
    assert len(rows.compared(vae.schema_, WORDS)) == 20


def test_unknown_tokens_are_told_once(vae):
    with pytest.warns(UnknownTokenWarning) as told:
        Scorecard.measure(vae, WORDS, read(["änna", "anna"]))
    assert len(told) == 1


def test_what_is_no_text_is_refused(vae):
    table = im.VAE(2, trainer=QUICK).fit(np.random.default_rng(0).normal(size=(40, 3)))
    with pytest.raises(DataError, match="fitted on table data; expected texts"):
        TextQuality.measure(table, WORDS)
    with pytest.raises(DataError, match="no texts to measure on"):
        TextQuality.measure(vae, WORDS.take([]))


def usage(kl, variance, discrete=False):
    return LatentUsage(kl=np.asarray(kl), variance_of_means=np.asarray(variance), discrete=discrete)


def test_a_collapsed_code_is_told_with_what_the_model_has():
    silent = usage(np.full(32, 1e-4), np.zeros(32))
    assert silent.remedy(im.SequenceVAE().get_params(deep=False)) == (
        "posterior collapse: 0 of 32 dimensions are active, 0.00 nats in all; raise free_bits or symbol_dropout, "
        "or warm the KL up (warmup)"
    )
    assert "symbol_dropout" not in silent.remedy(im.VAE().get_params(deep=False))
    assert "lower beta" in silent.remedy(im.BetaVAE().get_params(deep=False))
    assert silent.remedy([]) == "posterior collapse: 0 of 32 dimensions are active, 0.00 nats in all"
    few = usage([3.0] * 2 + [0.0] * 30, [0.5] * 2 + [0.0] * 30)
    assert "lower latent_dim if the data need no more" in few.remedy(["latent_dim"])
    assert usage([3.0] * 4 + [0.0] * 28, [0.5] * 4 + [0.0] * 28).remedy([]) is None


def test_probabilities_of_many_symbols_vary_little_and_are_no_collapse():
    assert usage([5.0], np.full(256, 0.004), discrete=True).remedy([]) is None
    assert usage([0.01], np.zeros(256), discrete=True).remedy([]) == "posterior collapse: 0.01 nats in all"


def test_the_scorecard_of_numbers_has_no_texts():
    x = read(np.random.default_rng(0).normal(size=(60, 3)))
    card = Scorecard.measure(im.AE(2, trainer=QUICK).fit(x), x, x)
    assert (card.text, card.collapse) == (None, None)
    model = im.VAE(2, trainer=QUICK).fit(x)
    for parameter in model.autoencoder_.encoder.parameters():
        torch.nn.init.zeros_(parameter)
    random = Scorecard.measure(model, x, x)
    assert random.collapse is not None
    assert random.as_text().endswith(random.collapse)
