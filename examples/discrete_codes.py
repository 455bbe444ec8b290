"""Seven kinds of symbols for the same digits: python examples/discrete_codes.py

Each model turns a picture into 24 bits of symbols and back. How many of a symbol's values are used, and how much of
held-out pictures is lost; the first row of the drawing is the originals: discrete_codes.png.
"""

import numpy as np

import isthmus as im

digits = im.data.load("digits")
pictures = digits.values.reshape(-1, 8, 8) / 16  # reals from 0 to 1 are pictures
train, test = pictures[:1257], pictures[1257:]
trainer = im.Trainer(epochs=40, batch_size=64)
models = {
    "VQVAE": im.VQVAE(16, codebook_size=64, trainer=trainer),
    "ResidualVQVAE": im.ResidualVQVAE(16, depth=2, codebook_size=8, trainer=trainer),
    "FSQVAE": im.FSQVAE(levels=(8, 8), trainer=trainer),
    "LFQVAE": im.LFQVAE(6, trainer=trainer),
    "CategoricalVAE": im.CategoricalVAE(8, 8, prior="factorised", trainer=trainer),
    "BernoulliVAE": im.BernoulliVAE(24, prior="factorised", trainer=trainer),
    "VQGAN": im.VQGAN(16, codebook_size=64, trainer=trainer),
}
rows = [test[:16]]
for name, model in models.items():
    rebuilt = model.fit(train).reconstruct(test)
    lost = np.square(rebuilt - test).mean() / test.var(0).mean()
    health = model.codebook_
    used = f"{health.usage:4.0%} of {max(health.levels)} values used"
    print(f"{name:14}  {health.capacity_bits:.0f} bits  {used:22}  lost {lost:.3f}")
    rows.append(rebuilt[:16])
im.data.contact_sheet(rows).save("discrete_codes.png")
print("a row for each, under the originals: discrete_codes.png")
