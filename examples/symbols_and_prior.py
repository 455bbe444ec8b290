"""Digits as symbols, and a transformer that writes new ones: python examples/symbols_and_prior.py

The first stage turns each picture into four symbols, the second learns which symbols go together; then the model draws,
any digit or the one asked for, and its scores count what the symbols cost. The drawings: symbols_and_prior.png.
"""

import isthmus as im
from isthmus.metrics.rate import two_stages

train, test = im.data.load("digits", "train"), im.data.load("digits", "test")

model = im.VQVAE(latent_dim=16, codebook_size=64).fit(train)
print(f"symbols of the first picture: {model.symbols(test)[0].tolist()}, each one of 64")
print(f"used: {model.codebook_.usage:.0%} of the codebook, perplexity {model.codebook_.perplexity:.1f}")

model.fit_prior(train, train.labels, width=64, depth=2, trainer=im.Trainer(epochs=25, batch_size=64, validation=0))
bits = two_stages(model, test)
print(f"{bits['bits_per_dim']:.2f} bits for a pixel, {bits['prior_bits_per_dim']:.2f} of them for the symbols")

rows = [model.sample(12, condition=digit, random_state=0).reshape(-1, 8, 8) for digit in range(10)]
im.data.contact_sheet(rows, white=16).save("symbols_and_prior.png")
print("ten rows of digits: symbols_and_prior.png")
