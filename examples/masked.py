"""Digits with pixels hidden, and a classifier that has few labels: python examples/masked.py

A masked autoencoder learns without labels which pixels go with which. Its features, and the classifier that goes on
from its encoder, then need fewer labelled digits than pixels do. What it fills in: masked.png.
"""

import numpy as np

import isthmus as im
from isthmus.metrics.probes import linear_probe

LABELLED = 100
train, test = im.data.load("digits", "train"), im.data.load("digits", "test")
trainer = im.Trainer(epochs=100, batch_size=64, learning_rate=3e-3, validation=0)
mae = im.MAE(64, ratio=0.5, trainer=trainer).fit(train)


def classified(some, pretrained):
    """The share of the test digits that a classifier names after seeing some labels."""
    classifier = im.Classifier(pretrained, trainer=im.Trainer(epochs=60, batch_size=32, validation=0))
    return classifier.fit(train.values[some], train.labels[some]).score(test.values, test.labels)


known, new = mae.transform(train), mae.transform(test)
rows = []
for seed in range(3):
    some = np.random.default_rng(seed).permutation(len(train))[:LABELLED]
    y = train.labels[some]
    linear = [linear_probe(a[some], y, b, test.labels) for a, b in ((train.values, test.values), (known, new))]
    rows.append([*linear, classified(some, None), classified(some, mae)])
names = ("linear, of pixels", "linear, of features", "network from nothing", "network from the MAE's encoder")
for name, found in zip(names, np.mean(rows, 0), strict=True):
    print(f"{name:32} {found:.1%} of the test digits, {LABELLED} labels")

hidden = mae.draw_hidden(random_state=0)
shown = test.values[:16]
pictures = [
    each.reshape(-1, 8, 8) for each in (shown, np.where(hidden, 8, shown), mae.reconstruct(shown, hidden=hidden))
]
im.data.contact_sheet(pictures, white=16).save("masked.png")
print("original, seen, filled in: masked.png")
