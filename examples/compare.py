"""Which autoencoder for these digits? python examples/compare.py

Four models and PCA with eight numbers each, the same training, judged on the same held-out pictures; then one of them
by all that can be measured, and what codes of two kinds cost and lose: compare.html, compare.png.
"""

import isthmus as im
from isthmus.report.comparison_page import write_comparison
from isthmus.report.rate_curves import save_rate_curves

train, test = im.data.load("digits", "train"), im.data.load("digits", "test")
budget = im.Trainer(epochs=8, validation=0)

found = im.compare(["ae", "vae", "beta-vae", "vqvae"], train, held_out=test, latent_dim=8, trainer=budget, seeds=2)
print(found)
write_comparison(found, "compare.html")

vae = im.VAE(8, trainer=budget).fit(train)
print(f"\n{im.evaluate(vae, test, known=train)}\n")

curves = im.rate_distortion(
    train, held_out=test, beta=[0.1, 1.0], latent_dim=[2, 8], codes=["gaussian", "fsq"], trainer=budget
)
print(curves)
save_rate_curves(curves, "compare.png")
