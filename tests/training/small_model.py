"""A small VAE and its data, for tests of training."""

import torch

from isthmus import catalogue
from isthmus.autoencoder import Autoencoder
from isthmus.training.random_stream import RandomStream
from isthmus.training.resident import Resident


def small_vae(*, hidden=(16,), warmup=0, dropout=0.1, in_dim=6):
    with RandomStream(0):
        kl_weight = catalogue.make("schedules", "linear_warmup", {"steps": warmup}) if warmup else 1.0
        return Autoencoder(
            encoder=catalogue.make(
                "encoders",
                "mlp",
                {"in_shape": (in_dim,), "out_dim": 4, "latent_dim": 2, "hidden": hidden, "dropout": dropout},
            ),
            bottleneck=catalogue.make("bottlenecks", "gaussian", {"latent_dim": 2}),
            decoder=catalogue.make("decoders", "mlp", {"latent_dim": 2, "out_shape": (in_dim,), "hidden": hidden}),
            likelihood=catalogue.make("likelihoods", "gaussian", {}),
            prior=catalogue.make("priors", "standard_normal", {}),
            terms=[
                catalogue.make("terms", "reconstruction", {}),
                catalogue.make("terms", "code_cost", {"name": "kl", "weight": kl_weight}),
            ],
        )


def small_ae(*, hidden=(16,), in_dim=6):
    with RandomStream(0):
        return Autoencoder(
            encoder=catalogue.make("encoders", "mlp", {"in_shape": (in_dim,), "out_dim": 2, "hidden": hidden}),
            bottleneck=catalogue.make("bottlenecks", "identity", {"latent_dim": 2}),
            decoder=catalogue.make("decoders", "mlp", {"latent_dim": 2, "out_shape": (in_dim,), "hidden": hidden}),
            likelihood=catalogue.make("likelihoods", "gaussian", {}),
            terms=[catalogue.make("terms", "reconstruction", {})],
        )


def curved_rows(count=200, in_dim=6, seed=0):
    """Rows on a curved surface with a little noise: something to learn that is not linear."""
    generator = torch.Generator().manual_seed(seed)
    t = torch.rand(count, 2, generator=generator) * 3
    mix = torch.randn(4, in_dim, generator=generator)
    x = torch.cat([t, t.sin()], dim=1) @ mix
    return Resident(x + 0.05 * torch.randn(count, in_dim, generator=generator))
