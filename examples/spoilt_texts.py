"""Texts with words missing: python examples/spoilt_texts.py

The names of Unicode's letters again, cut into words: a masked language model fills gaps, a denoising autoencoder mends
what is spoilt, an encoder of sentences finds what is alike, and a translator tells the small letter of a capital one.
"""

import unicodedata

import numpy as np

import isthmus as im

letters = sorted({unicodedata.name(chr(i), "") for i in range(0x2000) if chr(i).isalpha()} - {""})
letters = [str(name) for name in np.random.default_rng(0).permutation(letters) if len(name.split()) <= 6][:700]
trainer = im.Trainer(epochs=12, batch_size=50, learning_rate=5e-3, validation=0, compile=False)
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

capitals = [chr(i) for i in range(0x2000) if chr(i).isupper() and len(chr(i).lower()) == 1]
pairs = [(unicodedata.name(c), unicodedata.name(c.lower())) for c in capitals]
pairs = [pairs[i] for i in np.random.default_rng(0).permutation(len(pairs))]
x, y = ([pair[side] for pair in pairs] for side in (0, 1))
longest = max(map(len, [*x, *y]))
translator = im.Seq2Seq(48, **{**words, "tokeniser": "characters"}, max_length=longest).fit(x[60:360], y[60:360])
told = translator.predict(x[:60])
right = np.mean(told == np.asarray(y[:60], dtype=object))
print(f"Seq2Seq: {x[0]} > {told[0]} ({right:.0%} of 60 that it has not seen are right)")
