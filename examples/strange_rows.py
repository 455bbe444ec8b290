"""Rows that do not belong, found among those learnt from: python examples/strange_rows.py

Handwritten threes, with other digits among them, and nobody says which. An autoencoder that leaves out of every step
what it rebuilds worst does not learn the few, and so finds them among new ones. Beside it one that learns all rows,
and two usual tools. The strangest, the stranger to the left: strange_rows.png.
"""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score

import isthmus as im

DIGIT, STRANGE, LATENT_DIM = 3, 0.15, 8  # what belongs, and the share of what does not
NETWORK = {"name": "mlp", "hidden": (48,), "activation": "tanh", "linear_path": "none"}
data = im.data.load("digits")
found = {"TrimmedAE": [], "AE": [], "IsolationForest": [], "PCA": []}
for seed in range(3):
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(data))
    belong = data.labels[order] == DIGIT
    few = order[~belong][: round(STRANGE / (1 - STRANGE) * belong.sum())]
    chosen = generator.permutation(np.concatenate([order[belong], few]))
    x, y = (data.values[rows].reshape(-1, 64) / 16 for rows in (chosen[::2], chosen[1::2]))
    trainer = im.Trainer(epochs=150, batch_size=len(x), learning_rate=1e-2, validation=0)
    shared = {"network": NETWORK, "trainer": trainer, "random_state": seed}
    models = {
        "TrimmedAE": im.TrimmedAE(LATENT_DIM, trim=0.2, **shared),
        "AE": im.AE(LATENT_DIM, **shared),
        "IsolationForest": IsolationForest(random_state=seed),
        "PCA": PCA(LATENT_DIM, random_state=seed),
    }
    scores = {name: model.fit(x).score_samples(y) for name, model in models.items()}
    for name, score in scores.items():
        found[name].append(roc_auc_score(data.labels[chosen[1::2]] != DIGIT, -score))
for name, areas in found.items():
    print(f"{name:16} area under the ROC curve {np.mean(areas):.3f}, {len(areas)} seeds: {np.round(areas, 3)}")

strangest = y[np.argsort(scores["TrimmedAE"])[:32]].reshape(2, 16, 8, 8)
im.data.contact_sheet(16 * strangest, white=16).save("strange_rows.png")
print("the strangest: strange_rows.png")
