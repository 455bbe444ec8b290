"""Most of a picture hidden, and filled in: python examples/masked.py

A masked autoencoder learns from pictures without labels what goes with what. Its features then tell digits apart from a
few labelled ones, beside what a linear classifier makes of the pixels themselves. The pictures: masked.png.
"""

import numpy as np

import isthmus as im
from isthmus.metrics.probes import linear_probe

LABELLED = 50
train, test = im.data.load("digits", "train"), im.data.load("digits", "test")
x, new = (part.values.reshape(-1, 8, 8) / 16 for part in (train, test))

network = {"name": "vit", "width": 64, "depth": 2, "decoder": {"width": 64, "depth": 2}}
trainer = im.Trainer(epochs=80, batch_size=64, learning_rate=3e-3, validation=0)
model = im.MAE(64, ratio=0.5, network=network, trainer=trainer).fit(x)

features = {"pixels": (x, new), "features": (model.transform(x), model.transform(new))}
for name, (known, unknown) in features.items():
    found = []
    for seed in range(5):
        some = np.random.default_rng(seed).permutation(len(x))[:LABELLED]
        found.append(linear_probe(known[some], train.labels[some], unknown, test.labels))
    print(f"{name:9} {LABELLED} labels: {np.mean(found):.1%} of the test digits named")

hidden = model.draw_hidden(random_state=0)
filled = model.reconstruct(new[:16], hidden=hidden)
im.data.contact_sheet([new[:16], np.where(hidden, 0.5, new[:16]), filled], white=1).save("masked.png")
print("original, seen, filled in: masked.png")
