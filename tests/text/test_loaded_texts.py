"""Saved models of texts that somebody has tampered with: refused in words, before anything large is made."""

import json

import pytest

import isthmus as im
from isthmus import catalogue
from isthmus.autoencoder import Autoencoder
from isthmus.data.schemas.text import TextSchema
from isthmus.errors import ParameterError, SavedModelError
from isthmus.training.random_stream import RandomStream

WORDS = ["anna", "hanna", "hannah", "susanna"] * 5


@pytest.fixture
def saved(tmp_path):
    trainer = im.Trainer(epochs=1, validation=0, compile=False)
    im.SequenceAE(3, network={"width": 8}, trainer=trainer).fit(WORDS).save(tmp_path / "m")
    return tmp_path / "m"


def changed(saved, change):
    file = saved / "model.json"
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))
    return saved


@pytest.mark.parametrize("tokens", [["a", "n"], [*"abcdefghijklmnopqrstuvwxyz"]], ids=["fewer", "more"])
def test_networks_are_held_against_the_vocabulary(saved, tokens):
    def change(content):
        content["data_schema"]["tokeniser"]["arguments"]["tokens"] = tokens

    with pytest.raises(SavedModelError, match="the encoder reads") as caught:
        im.load(changed(saved, change))
    assert "the decoder writes" in str(caught.value)


def test_networks_are_held_against_the_longest_text(saved):
    def change(content):
        content["data_schema"]["longest"] = 10**15

    with pytest.raises(SavedModelError, match="the decoder writes"):
        im.load(changed(saved, change))


@pytest.mark.parametrize(
    "spec",
    [
        {"component": "decoders/recurrent", "arguments": {"latent_dim": 2, "out_shape": [4], "outputs": 10**9}},
        {"component": "tokenisers/characters", "arguments": {"tokens": {"component": "decoders/mlp", "arguments": {}}}},
        {"component": "tokenisers/characters"},
        "tokenisers/characters",
        7,
    ],
)
def test_nothing_but_a_tokeniser_is_built(spec):
    with pytest.raises(SavedModelError, match="expected the spec of a tokeniser"):
        TextSchema.of_json({"kind": "text", "longest": 9, "count": 2, "tokens": 20, "tokeniser": spec})


@pytest.mark.parametrize(("name", "given"), [("gaussian", {"latent_dim": 2}), ("fsq", {"levels": (5, 5)})])
def test_random_and_discrete_codes_of_ragged_places_are_refused(name, given):
    """They would take padding for codes: their costs, and their statistics, would count it."""
    with RandomStream(0):
        bottleneck = catalogue.make("bottlenecks", name, given)
        read = {"in_shape": (6,), "out_dim": bottleneck.in_dim, "levels": 5, "width": 8, "flatten": False}
        write = {"latent_dim": 2, "out_shape": (6,), "outputs": 5, "width": 8}
        parts = (catalogue.make("encoders", "transformer", read), bottleneck)
        decoder = catalogue.make("decoders", "transformer", write)
        likelihood = catalogue.make("likelihoods", "categorical", {"levels": 5})
        with pytest.raises(ParameterError, match="would take padding for codes"):
            Autoencoder(*parts, decoder, likelihood, terms=[catalogue.make("terms", "reconstruction", {})])
