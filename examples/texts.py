"""Names as codes: python examples/texts.py

The names of Unicode's letters, which every Python knows, are read into 16 numbers and written again; a variational
autoencoder makes new ones and goes from one to another. What it writes: texts.txt.
"""

import unicodedata
from pathlib import Path

import numpy as np

import isthmus as im

LONGEST, TEST = 32, 200
letters = sorted({unicodedata.name(chr(i), "") for i in range(0x2000) if chr(i).isalpha()} - {""})
letters = [name for name in np.random.default_rng(0).permutation(letters) if len(name) <= LONGEST][:1200]
train, test = letters[TEST:], letters[:TEST]
trainer = im.Trainer(epochs=15, batch_size=50, learning_rate=5e-3, validation=0, compile=False)
small = {"width": 64}

ae = im.SequenceAE(16, network=small, trainer=trainer).fit(train)
exact = np.mean(ae.reconstruct(test) == np.asarray(test, dtype=object))
print(f"SequenceAE: {exact:.0%} of {TEST} names it has not seen come back letter by letter from 16 numbers")

vae = im.SequenceVAE(16, free_bits=1.0, network=small, trainer=trainer).fit(train)
drawn = vae.sample(8, random_state=0)
path = vae.interpolate(test[0], test[1], steps=6)
active = int((vae.transform(test).var(0) > 0.01).sum())
print(f"SequenceVAE: {active} of 16 dimensions are active; {vae.score_samples(test).mean():.1f} nats a name")
print("drawn:", "; ".join(drawn))
print("on the way:", " > ".join(path))
Path("texts.txt").write_text("\n".join([*drawn, "", *path]) + "\n", encoding="utf8")
