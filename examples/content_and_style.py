"""Parts of a code, exchanged and cleaned: python examples/content_and_style.py

Digits in light inks on darker papers of many greys. One model, without any label, keeps what is drawn where apart from
the greys, and draws one digit with another's. The other is told the digit and keeps it out of its code: what a
classifier can tell of it there falls, and the same hand writes another digit. Both: content_and_style.png.
"""

import numpy as np

import isthmus as im
from isthmus.metrics.probes import linear_probe

train, test = im.data.load("digits", "train"), im.data.load("digits", "test")


def inked(digits, seed):
    """Each digit in a grey of its own on a darker paper of its own, uint8."""
    strokes = digits.values.reshape(-1, 8, 8) / 16
    paper, contrast = np.random.default_rng(seed).uniform([[0.0], [0.2]], 0.5, size=(2, len(strokes)))[..., None, None]
    return (255 * (paper + contrast * strokes)).round().astype(np.uint8)


known, new = inked(train, 0), inked(test, 1)
network = {"channels": (16, 32)}
trainer = im.Trainer(epochs=25, batch_size=32, learning_rate=4e-3, validation=0, compile=False)
model = im.ContentStyleAE(4, style_dim=4, network=network, trainer=trainer).fit(known)
codes = [model.transform(x).reshape(len(x), -1, model.autoencoder_.code_shape[-1]) for x in (known, new)]
for name, part in model.code_parts_.items():
    have = [each[..., part].reshape(len(each), -1) for each in codes]
    light = [x.mean((1, 2)) > np.median(known.mean((1, 2))) for x in (known, new)]
    digit = linear_probe(have[0], train.labels, have[1], test.labels)
    print(
        f"{name:8} tells the digit {digit:.0%}, light or dark {linear_probe(have[0], light[0], have[1], light[1]):.0%}"
    )
a, b = new[:16], new[16:32]
rows = [a, b, model.swap(a, b, part="style")]

told = im.Trainer(epochs=30, batch_size=32, learning_rate=2e-3, validation=0, compile=False)
for name, adversary in (("no adversary", 0.0), ("adversary", 10.0)):
    fader = im.FaderNetwork(8, adversary=adversary, warmup=300, trainer=told).fit(train.values, train.labels)
    probe = linear_probe(fader.transform(train.values), train.labels, fader.transform(test.values), test.labels)
    rebuilt = fader.reconstruct(test.values, condition=test.labels)
    print(f"{name:13} the code tells the digit {probe:.0%}, error {np.square(rebuilt - test.values).mean():.2f}")
shown = test.values[:16]
rows += [16 * shown.reshape(-1, 8, 8)]
rows += [16 * fader.reconstruct(shown, condition=digit).reshape(-1, 8, 8) for digit in (3, 8)]
im.data.contact_sheet(rows, white=255).save("content_and_style.png")
print("digits, others, the first with the others' greys; digits, the same hand's 3 and 8: content_and_style.png")
