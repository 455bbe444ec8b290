"""Features of digits without a decoder: python examples/information.py

Deep InfoMax makes a code that tells as much as it can of every place of the picture; an autoencoder of the same encoder
makes one from which the pixels can be rebuilt. A linear classifier of the test digits says which knows more of them.
"""

import numpy as np

import isthmus as im
from isthmus.metrics.probes import linear_probe

train, test = im.data.load("digits", "train").take(range(600)), im.data.load("digits", "test")
pictures = [(part.values * 15).astype(np.uint8).reshape(-1, 8, 8) for part in (train, test)]
network = {"name": "conv", "channels": (8, 16)}
for kind in (im.DeepInfoMax, im.AE):
    found = []
    for seed in range(3):
        trainer = im.Trainer(epochs=15, batch_size=50, learning_rate=3e-3, validation=0, compile=False)
        model = kind(16, network=network, trainer=trainer, random_state=seed).fit(pictures[0])
        known, new = (model.transform(each) for each in pictures)
        found.append(linear_probe(known, train.labels, new, test.labels))
    print(f"{kind.__name__}: {np.mean(found):.1%} of the test digits, 16 numbers, 3 seeds")
