"""Where nothing is rebuilt and nothing is labelled, the terms of the loss tell what was learnt."""

import math

import numpy as np
import pytest
import torch

import isthmus as im
from isthmus.data import read
from isthmus.metrics import term_values as metric
from isthmus.metrics.scorecard import Scorecard
from isthmus.report import page
from isthmus.terms.info_max import InfoMax

STORY = ["the cat sat", "it ran", "a dog came", "the cat left", "it slept"] * 8


def quick(epochs=1):
    return im.Trainer(epochs=epochs, validation=0, compile=False)


def small(name, **given):
    return getattr(im, name)(4, tokeniser="whitespace", network={"width": 16, "depth": 1}, trainer=quick(), **given)


@pytest.fixture(scope="module")
def waves():
    return [np.sin(np.arange(n) / 3)[:, None] for n in range(20, 60)]


@pytest.fixture(scope="module")
def cpc(waves):
    return im.CPC(4, local_dim=2, network={"width": 8}, trainer=quick(20)).fit(waves)


def text_of(model, train, test, folder):
    return page.write(model, train=read(train), test=read(test), path=folder / "report.html").read_text()


def test_it_is_the_loss_of_training_on_other_rows(cpc, waves):
    examples, model = read(waves), cpc.autoencoder_
    (batch,) = cpc.judged(examples)
    with torch.no_grad():
        wanted = model.loss(model(batch)).terms["prediction"].item()
    found = metric.term_values(cpc, examples)
    assert found == {"prediction": pytest.approx(wanted)}
    assert -math.log(129) < wanted < 0


def test_it_is_told_and_explained(cpc, waves, tmp_path):
    card = Scorecard.measure(cpc, read(waves[:30]), read(waves[30:]))
    assert card.to_json()["terms"] == card.terms
    assert "prediction, a term of the loss" in card.as_text()
    assert "minus what the context tells of the places to come, nats: 0 where it tells nothing" in card.as_text()
    assert "PCA" not in card.as_text()  # which nothing is measured beside
    text = text_of(cpc, waves[:30], waves[30:], tmp_path)
    assert "prediction, a term of the loss" in text
    assert "minus what the context tells" in text


def test_sentences_are_judged_in_pairs_the_last_ones(monkeypatch):
    monkeypatch.setattr(metric, "LIKELIHOOD_ROWS", 6)
    for name, term in (("QuickThought", "neighbours"), ("SkipThought", "reconstruction")):
        model = small(name).fit(STORY)
        (batch,) = model.judged(read(STORY[-6:]))
        assert len(batch) == 10  # five neighbours, both ways
        model_loss = model.autoencoder_.loss(model.autoencoder_(batch)).terms[term].mean().item()
        assert metric.term_values(model, read(STORY)) == {term: pytest.approx(model_loss, rel=1e-5)}


def test_documents_of_held_out_sentences_stay_apart():
    model = small("QuickThought").fit(STORY)
    (batch,) = model.judged(read(STORY[:4], labels=[1, 1, 2, 2]))
    assert len(batch) == 4


def test_where_nothing_tells_anything_that_is_said(tmp_path):
    model = small("QuickThought").fit(STORY)
    assert Scorecard.measure(model, read(STORY), read(["a dog"])).terms == {}
    text = text_of(model, STORY, ["a dog"], tmp_path)
    assert "Nothing can be measured here: no labels that name classes" in text
    assert "<th>QuickThought</th>" not in text  # no empty table


def test_a_masked_model_is_judged_by_what_is_hidden():
    x = load_digits()
    found = Scorecard.measure(im.MAE(8, trainer=quick()).fit(x), read(x[:80]), read(x[80:]))
    assert list(found.terms) == ["reconstruction"]
    assert "lower is better" in found.as_text()


def test_what_rebuilds_or_is_labelled_needs_none():
    x = im.data.load("digits").values[:100]
    assert Scorecard.measure(im.AE(2, trainer=quick()).fit(x), read(x[:80]), read(x[80:])).terms == {}
    told = read(x, labels=np.arange(100) % 2)
    classifier = im.Classifier(trainer=quick()).fit(told)
    assert Scorecard.measure(classifier, told, told).terms == {}


def test_each_bound_says_what_it_is():
    sizes = {"latent_dim": 4, "features_dim": 3, "group": 8}
    assert "(at most 8, -2.08)" in InfoMax("local", **sizes).meaning
    assert "not in nats: 1.39" in InfoMax("local", **sizes, bound="jensen_shannon").meaning
    assert "all places together" in InfoMax("global", **sizes, places=4).meaning


def load_digits():
    return im.data.load("digits").values[:100].reshape(-1, 8, 8) / 16
