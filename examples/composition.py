"""The composition without an estimator, for people who build their own: python examples/composition.py

A VAE on digits with cyclic KL annealing, trained by the one trainer on rows that are binarised anew at every step.
"""

import torch

import isthmus as im
from isthmus import catalogue
from isthmus.records import Batch
from isthmus.training.random_stream import RandomStream
from isthmus.training.resident import Resident

levels = torch.from_numpy(im.data.load("digits", "train").values).float() / 16
held_out = torch.from_numpy(im.data.load("digits", "test").values).float() / 16

with RandomStream(0):  # torch draws the first weights from here; the global state is left alone
    model = im.Autoencoder(
        encoder=catalogue.make(
            "encoders", "mlp", {"in_shape": (64,), "out_dim": 16, "latent_dim": 8, "hidden": (128,)}
        ),
        bottleneck=catalogue.make("bottlenecks", "gaussian", {"latent_dim": 8}),
        decoder=catalogue.make("decoders", "mlp", {"latent_dim": 8, "out_shape": (64,), "hidden": (128,)}),
        likelihood=catalogue.make("likelihoods", "bernoulli", {}),
        prior=catalogue.make("priors", "standard_normal", {}),
        terms=[
            catalogue.make("terms", "reconstruction", {}),
            catalogue.make(
                "terms", "code_cost", {"name": "kl", "weight": catalogue.make("schedules", "cyclic", {"period": 100})}
            ),
        ],
    )

history = im.Trainer(epochs=120).fit(model, Resident(levels, prepare=torch.bernoulli))
print(f"{history.steps} steps, {history.seconds:.0f} s; {history.stopped}")

with torch.no_grad(), RandomStream(1):
    batch = Batch(x=torch.bernoulli(held_out))
    nats = model.log_prob(batch, torch.randn(200, len(held_out), 8))
    drawn = model.sample(5)
print(f"log p(x) of held-out rows: {nats.mean():.2f} nats; samples: {tuple(drawn.shape)}")
