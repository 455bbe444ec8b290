"""Words as codes: python examples/texts.py

The words in the names of Unicode's characters, which every Python knows, are read into 16 numbers and written again; a
variational autoencoder makes new ones and goes from one to another. What it writes: texts.txt.
"""

import unicodedata
from pathlib import Path

import numpy as np

import isthmus as im

TEST = 300
named = " ".join(unicodedata.name(chr(i), "") for i in range(0x30000))
words = sorted({word for word in named.split() if word.isalpha() and 3 < len(word) <= 12})
words = [str(word) for word in np.random.default_rng(0).permutation(words)[:5000]]
train, test = words[TEST:], words[:TEST]
trainer = im.Trainer(epochs=25, batch_size=64, learning_rate=5e-3, validation=0, compile=False)
small = {"width": 64}

ae = im.SequenceAE(16, network=small, trainer=trainer).fit(train)
exact = np.mean(ae.reconstruct(test) == np.asarray(test, dtype=object))
print(f"SequenceAE: {exact:.0%} of {TEST} words it has not seen come back letter by letter from 16 numbers")

vae = im.SequenceVAE(16, free_bits=1.0, network=small, trainer=trainer).fit(train)
drawn = vae.sample(8, random_state=0)
path = vae.interpolate(test[0], test[1], steps=6)
active = int((vae.transform(test).var(0) > 0.01).sum())
print(f"SequenceVAE: {active} of 16 dimensions are active; {vae.score_samples(test).mean():.1f} nats a word")
print("drawn:", "; ".join(drawn))
print("on the way:", " > ".join(path))
Path("texts.txt").write_text("\n".join([*drawn, "", *path]) + "\n", encoding="utf8")
