"""What the benchmarks call untrained is what a real ``fit`` starts from."""

import numpy as np
import pytest
from benchmarks.untrained import untrained

import isthmus as im

STORY = ["the cat sat", "it ran", "a dog came", "the cat left"] * 5
SLOW = im.Trainer(epochs=1, batch_size=10, learning_rate=1e-12, validation=0)
CASES = {
    "vae": (im.VAE(2, trainer=SLOW, random_state=3), np.random.default_rng(0).normal(size=(40, 5))),
    "quick_thought": (im.QuickThought(4, tokeniser="whitespace", network={"width": 8}, trainer=SLOW), STORY),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_where_a_fit_begins(name):
    model, x = CASES[name]
    begun = untrained(model).fit(x)
    assert np.allclose(begun.transform(x), model.fit(x).transform(x), atol=1e-6)
    assert model.trainer is SLOW
    assert begun.history_.steps == 0 < model.history_.steps
