"""Features of sequences, without labels and without a decoder: python examples/sequences.py

Signals that rise and fall at one of three rhythms, each from a moment of its own, under noise. Their mean and spread
say little of the rhythm; contrastive predictive coding has to know it to tell what comes next. With recordings it is
the same: im.CPC().fit("folder/of/recordings").
"""

import numpy as np

import isthmus as im
from isthmus.metrics.probes import linear_probe

rng = np.random.default_rng(0)
rhythm = rng.integers(0, 3, 400)
signals = [
    np.sin(np.array([0.4, 0.6, 0.9])[which] * np.arange(length) + rng.uniform(0, 6.28))[:, None]
    + 0.5 * rng.normal(size=(length, 1))
    for which, length in zip(rhythm, rng.integers(40, 80, 400), strict=True)
]
plain = np.array([[signal.mean(), signal.std(), np.abs(np.diff(signal[:, 0])).mean()] for signal in signals])
print(f"mean, spread and change: {linear_probe(plain[:300], rhythm[:300], plain[300:], rhythm[300:]):.0%} of rhythms")

trainer = im.Trainer(epochs=40, batch_size=50, learning_rate=3e-3, validation=0, compile=False)
model = im.CPC(16, local_dim=8, network={"width": 32}, trainer=trainer).fit(signals[:300])
codes = model.transform(signals)
told = linear_probe(codes[:300], rhythm[:300], codes[300:], rhythm[300:])
print(f"CPC, {codes.shape[1]} features: {told:.0%} of rhythms")
places = model.place_features(signals[300:301])[0]
print(f"a signal of {len(signals[300])} frames has features at {len(places)} places")
