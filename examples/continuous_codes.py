"""Seven kinds of codes of ten numbers for the same digits: python examples/continuous_codes.py

How much each loses of held-out pictures, beside PCA, and how well five neighbours among its codes name a digit. In the
drawing the originals come first; the denoiser rebuilds noisy ones; the last row is drawn by class.
"""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier

import isthmus as im

train, test = im.data.load("digits", "train"), im.data.load("digits", "test")
trainer = im.Trainer(epochs=60, batch_size=64, validation=0)
models = {
    "AE": im.AE(10, trainer=trainer),
    "StackedAE": im.StackedAE(10, hidden=(64, 32), trainer=trainer),
    "DAE": im.DAE(10, trainer=trainer),
    "SAE": im.SAE(128, trainer=trainer),
    "VAE": im.VAE(10, trainer=trainer),
    "BetaVAE": im.BetaVAE(10, beta=0.2, trainer=trainer),
    "CVAE": im.CVAE(10, trainer=trainer),
}


def lost(rebuilt):
    return np.square(rebuilt - test.values).mean() / test.values.var(0).mean()


pca = PCA(10).fit(train.values)
print(f"PCA        lost {lost(pca.inverse_transform(pca.transform(test.values))):.3f}")
rows = [test.values[:10]]
for name, model in models.items():
    model.fit(train, train.labels)
    told = {"condition": test.labels} if name == "CVAE" else {}
    codes = model.transform(train, train.labels if told else None), model.transform(test, **told)
    named = KNeighborsClassifier(5).fit(codes[0], train.labels).score(codes[1], test.labels)
    print(f"{name:9}  lost {lost(model.reconstruct(test, **told)):.3f}  neighbours name {named:.3f}")
    noise = 4 * np.random.default_rng(0).normal(size=(10, 64)) if name == "DAE" else 0
    drawn = model.sample(10, condition=list(range(10)), random_state=0) if told else None
    rows.append(model.reconstruct(rows[0] + noise) if drawn is None else drawn)
im.data.contact_sheet([row.reshape(-1, 8, 8) for row in rows], white=16).save("continuous_codes.png")
print("a row for each, under the originals: continuous_codes.png")
