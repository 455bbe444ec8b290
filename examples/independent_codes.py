"""What is asked of a random code beside the ELBO: python examples/independent_codes.py

Bars whose height, width and place are known: how far the numbers of each model's code depend on each other over these
pictures (total correlation, of which narrow posteriors have more), how far codes together are from the prior (MMD),
what a code loses, and log p(x) of held-out pictures with 200 draws. Codes without noise have no ELBO and no total
correlation.
"""

import numpy as np
import torch

import isthmus as im
from isthmus.layers.aggregate_posterior import aggregate_densities
from isthmus.layers.diagonal_gaussian import DiagonalGaussian
from isthmus.records import Batch
from isthmus.terms.mmd import discrepancy


def bars(count, seed):
    """Pictures [count, 16, 16] of 0 and 1, with a bar each: Bernoulli likelihood."""
    rng = np.random.default_rng(seed)
    height, width, top, left = (rng.integers(2, 8, size=count) for _ in range(4))
    made = np.zeros((count, 16, 16), dtype=np.float32)
    for picture, h, w, t, l in zip(made, height, width, top, left, strict=True):
        picture[t : t + h, l : l + w] = 1.0
    return made


trainer = im.Trainer(epochs=60, validation=0)
models = {
    "VAE": im.VAE(6, trainer=trainer),
    "BetaVAE": im.BetaVAE(6, beta=4.0, trainer=trainer),
    "AnnealedVAE": im.AnnealedVAE(6, capacity=12.0, steps=500, trainer=trainer),
    "BetaTCVAE": im.BetaTCVAE(6, beta=4.0, trainer=trainer),
    "FactorVAE": im.FactorVAE(6, trainer=trainer),
    "DIPVAE": im.DIPVAE(6, trainer=trainer),
    "InfoVAE": im.InfoVAE(6, trainer=trainer),
    "IWAE": im.IWAE(6, draws=5, trainer=trainer),
    "FlowVAE": im.FlowVAE(6, trainer=trainer),
    "HypersphericalVAE": im.HypersphericalVAE(7, trainer=trainer),
    "WAE": im.WAE(6, trainer=trainer),
    "RAE": im.RAE(6, trainer=trainer),
    "ContractiveAE": im.ContractiveAE(6, trainer=trainer),
}
train, test = bars(2000, seed=0), bars(1000, seed=1)
print(f"{'':17} {'lost':>6} {'TC':>6} {'MMD':>6} {'ELBO':>8} {'log p':>8}")
for name, model in models.items():
    model.fit(train)
    lost = np.square(model.reconstruct(test) - test).sum((1, 2)).mean()
    code = model.autoencoder_.encode(Batch(x=torch.from_numpy(model.schema_.scaled(test)).float()))
    noise = torch.randn(code.z.shape, generator=torch.Generator().manual_seed(0))
    prior = model.autoencoder_.prior
    drawn = noise if prior is None else prior.sample(code.z.shape)
    told = f"{name:17} {lost:6.2f}"
    apart = f"{discrepancy(code.z.detach(), drawn).item():6.3f}"
    if code.posterior is None:
        print(f"{told} {'':6} {apart}")
        continue
    found = aggregate_densities(code.posterior.detached(), code.posterior.at(noise).detach(), rows=len(test))
    gaussian = isinstance(code.posterior, DiagonalGaussian)  # of which each number has a density of its own
    correlation = f"{(found.joint - found.marginals).mean():6.2f}" if gaussian else f"{'':6}"
    print(f"{told} {correlation} {apart} {model.score(test):8.2f} {model.log_prob(test, samples=200).mean():8.2f}")
