"""Texts with words missing: python examples/spoilt_texts.py

The names of Unicode's letters again, cut into words: a masked language model fills gaps, a denoising autoencoder mends
what is spoilt, an encoder of sentences finds what is alike. A translator learns from pairs how dates are written.
"""

import unicodedata
from datetime import date, timedelta

import numpy as np

import isthmus as im

letters = sorted({unicodedata.name(chr(i), "") for i in range(0x2000) if chr(i).isalpha()} - {""})
letters = [str(name) for name in np.random.default_rng(0).permutation(letters) if len(name.split()) <= 6][:700]
trainer = im.Trainer(epochs=25, batch_size=50, learning_rate=5e-3, validation=0, compile=False)
words = {"tokeniser": {"name": "whitespace"}, "network": {"width": 48, "depth": 1}, "trainer": trainer}

masked = im.MaskedLM(48, share=0.3, **words).fit(letters)
for gap in ("GREEK SMALL [MASK] ALPHA", "LATIN [MASK] LETTER A WITH MACRON"):
    print("MaskedLM:", gap, ">", masked.fill([gap])[0])

mending = im.DenoisingSequenceAE(48, corruption={"name": "token_permutation", "reach": 3}, **words).fit(letters)
print("DenoisingSequenceAE:", "LETTER SMALL GREEK ALPHA", ">", mending.reconstruct(["LETTER SMALL GREEK ALPHA"])[0])

sentences = im.TSDAE(48, **words).fit(letters)
codes = sentences.transform(letters)
codes /= np.linalg.norm(codes, axis=1, keepdims=True)
asked = next(i for i, name in enumerate(letters) if name.startswith("CYRILLIC SMALL LETTER"))
nearest = np.argsort(-codes @ codes[asked])[1:4]
print("TSDAE:", letters[asked], "is like", "; ".join(letters[i] for i in nearest))

days = [date(1990, 1, 1) + timedelta(days=int(n)) for n in np.random.default_rng(0).choice(12_000, 1300, replace=False)]
x, y = [f"{day:%d %B %Y}" for day in days], [day.isoformat() for day in days]
slowly = im.Trainer(epochs=30, batch_size=50, learning_rate=3e-3, validation=0, compile=False)
translator = im.Seq2Seq(48, tokeniser="characters", max_length=20, network=words["network"], trainer=slowly)
told = translator.fit(x[100:], y[100:]).predict(x[:100])
right = np.mean(told == np.asarray(y[:100], dtype=object))
print(f"Seq2Seq: {x[0]} > {told[0]} ({right:.0%} of 100 that it has not seen are right)")
