"""A transformer that starts as a bag of words: angles are those of the bags, and learning begins from there."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import isthmus as im
from isthmus.encoders.transformer import Transformer
from isthmus.errors import ParameterError
from isthmus.layers.frequency_weights import RARE, FrequencyWeights
from isthmus.records import View
from isthmus.training.random_stream import RandomStream

LEVELS, LENGTH, ROWS = 40, 12, 30


def sentences(seed=0):
    """Symbols of which small numbers are frequent, and rows of different lengths."""
    generator = torch.Generator().manual_seed(seed)
    x = (LEVELS * torch.rand(ROWS, LENGTH, generator=generator) ** 3).long()
    valid = torch.arange(LENGTH) < torch.randint(3, LENGTH + 1, (ROWS, 1), generator=generator)
    return View(x=x.where(valid, 0), valid=valid)


@pytest.fixture(scope="module")
def started():
    with RandomStream(0):
        encoder = Transformer((LENGTH,), 512, LEVELS, width=512, depth=1, pooling="frequency")
    encoder.initialise(sentences())
    return encoder.eval()


def bags(view):
    """``[rows, levels]``: each symbol as often as it comes, times a / (a + p)."""
    counts = (F.one_hot(view.x, LEVELS) * view.valid[..., None]).sum(1).float()
    share = counts.sum(0) / counts.sum()
    return counts * RARE / (RARE + share)


def test_angles_are_those_of_weighted_bags_of_words(started):
    with torch.no_grad():
        codes = F.normalize(started(sentences()), dim=1)
    wanted = F.normalize(bags(sentences()), dim=1)
    off = (codes @ codes.T - wanted @ wanted.T)[~torch.eye(ROWS, dtype=torch.bool)]
    assert off.abs().mean() < 2 / 512**0.5  # what a random projection to 512 numbers adds, and places


def test_codes_are_about_as_long_as_each_other(started):
    with torch.no_grad():
        lengths = started(sentences()).norm(dim=1)
    assert lengths.std() / lengths.mean() < 0.3


def test_the_start_hardly_reads_order_and_learning_may(started):
    one, other = View(x=torch.tensor([[5, 9, 20]])), View(x=torch.tensor([[20, 5, 9]]))
    with torch.no_grad():
        assert F.cosine_similarity(started(one), started(other)).item() > 0.99
    started(one).square().sum().backward()
    block = started.blocks.blocks[0]
    assert block.out.weight.grad.abs().sum() > 0
    assert block.perceptron[2].weight.grad.abs().sum() > 0
    started.zero_grad()


def test_padding_is_not_read(started):
    seen = sentences()
    spelt = View(x=seen.x.where(seen.valid, 7), valid=seen.valid)
    with torch.no_grad():
        assert torch.allclose(started(seen), started(spelt), atol=1e-5)


def test_weights_fall_with_frequency_and_count_what_is_real():
    weights = FrequencyWeights(3)
    symbols, valid = torch.tensor([[0, 0, 1], [0, 2, 2]]), torch.tensor([[True, True, True], [True, False, False]])
    weights.start(symbols, valid)
    assert weights.log_weight.exp().tolist() == pytest.approx([RARE / (RARE + 0.75), RARE / (RARE + 0.25), 1.0])


def test_places_with_features_of_their_own_are_not_weighted():
    with pytest.raises(ParameterError, match="pooling is 'frequency' with flatten=False; expected 'mean'"):
        Transformer((LENGTH,), 8, LEVELS, width=8, flatten=False, pooling="frequency")


@pytest.mark.parametrize(
    ("given", "rate"),
    [
        ({}, 0.03),
        ({"network": {"width": 16, "pooling": "mean"}}, 1.0),
        ({"network": {"name": "recurrent", "width": 16}}, 1.0),
        ({"encoder_rate": 0.5}, 0.5),
    ],
)
def test_what_starts_as_a_bag_of_words_learns_slowly(given, rate):
    known = {"tokeniser": "whitespace", "network": {"width": 16}, "trainer": im.Trainer(epochs=1, validation=0)}
    model = im.TSDAE(8, **{**known, **given}).fit(["a b c", "c d", "b d a"] * 4).autoencoder_
    (player,) = model.players()
    rates = dict(zip(map(id, player.parameters), player.rates, strict=True))
    assert {rates[id(parameter)] for parameter in model.encoder.parameters()} == {rate}
    assert {rates[id(parameter)] for parameter in model.decoder.parameters()} == {1.0}


def test_a_wrong_rate_is_refused():
    with pytest.raises(ParameterError, match="encoder_rate is 0; expected a positive number"):
        im.TSDAE(8, encoder_rate=0).fit(["a b", "b c"])


def test_untrained_codes_find_sentences_that_share_rare_words():
    """What is learnt at a tiny rate is the start."""
    trainer = im.Trainer(epochs=1, learning_rate=1e-9, validation=0)
    common = [f"the {a} and the {b} of the" for a in ("sun", "moon", "sea") for b in ("hill", "road", "town")]
    model = im.TSDAE(64, tokeniser="whitespace", network={"width": 64}, trainer=trainer).fit(common * 4)
    codes = model.transform(
        ["the sun and the hill of the", "the hill and the sun of the", "the sea and the town of the"]
    )
    codes /= np.linalg.norm(codes, axis=1, keepdims=True)
    assert codes[0] @ codes[1] > 0.95 > 0.6 > codes[0] @ codes[2]
