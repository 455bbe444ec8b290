"""The VAE whose code is a choice and numbers."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from isthmus.architecture import Setting, make_networks
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.joint import Joint
from isthmus.errors import check
from isthmus.estimator import Estimator
from isthmus.priors.class_and_style import ClassAndStyle
from isthmus.schedules.linear_warmup import LinearWarmup
from isthmus.search_ranges import CAPACITY, Integers, Numbers, Range
from isthmus.terms.capacity import Capacity
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class JointVAE(Estimator):
    """VAE whose code is one choice among classes, found without labels, and numbers; each is held at a capacity.

    The capacities rise while it learns, so that factors are taken up one after the other, and the choice is not left
    out for the numbers. ``transform`` gives the choice, one-hot, then the numbers; ``swap(a, b, part="discrete")``
    draws a as of b's class. Scores are the ELBO with both costs at weight 1.

    Source: Dupont 2018, Learning disentangled joint continuous and discrete representations, NeurIPS, equation 7.

    Parameters
    ----------
    latent_dim : continuous numbers in the code.
    classes : of the choice.
    capacity : nats that the numbers may cost in the end.
    choice_capacity : nats that the choice may cost in the end; None: all it can hold, log(classes).
    steps : in which the capacity of the numbers rises from 0; that of the choice rises by as many nats a step.
    gamma : weight of ``|KL - capacity|`` of each part.
    temperature : of the choice in training; close to 0 it is hard, and its gradient noisy.
    network, likelihood, trainer, random_state : as for ``VAE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:100]
    >>> model = im.JointVAE(latent_dim=2, classes=3, trainer=im.Trainer(epochs=1)).fit(X)
    >>> model.transform(X).shape, dict(model.code_parts_)
    ((100, 5), {'discrete': slice(0, 3, None), 'continuous': slice(3, 5, None)})
    """

    code_parts = ("discrete", "continuous")
    blends = False  # two rows of different classes blended would be of none
    automatic_binary_likelihood = "bernoulli"

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(2, 32, log=True, told_by=CAPACITY),
        "capacity": Numbers(1.0, 60.0, log=True, told_by=CAPACITY),
        "gamma": Numbers(1.0, 300.0, log=True, told_by=CAPACITY),
    }

    def __init__(
        self,
        latent_dim: int = 10,
        *,
        classes: int = 10,
        capacity: float = 20.0,
        choice_capacity: float | None = None,
        steps: int = 1000,
        gamma: float = 30.0,
        temperature: float = 0.67,
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.classes, self.temperature = latent_dim, classes, temperature
        self.capacity, self.choice_capacity, self.steps, self.gamma = capacity, choice_capacity, steps, gamma
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """As a VAE; reconstruction + gamma |KL - capacity| of the choice and of the numbers."""
        most = math.log(max(self.classes, 1))
        of_choice = most if self.choice_capacity is None else self.choice_capacity
        check(
            "JointVAE",
            (self.capacity >= 0, f"capacity is {self.capacity!r}; expected 0 or more nats"),
            (
                0 <= of_choice <= most,
                f"choice_capacity is {self.choice_capacity!r}; expected None, or 0 to {most:.3g}, log(classes)",
            ),
            (self.steps >= 1, f"steps is {self.steps!r}; expected 1 or more"),
            (self.gamma >= 0, f"gamma is {self.gamma!r}; expected 0 or more"),
        )
        bottleneck = Joint(self.classes, self.latent_dim, self.temperature)
        networks = make_networks(
            self.network,
            setting,
            latent_dim=bottleneck.latent_dim,
            features=bottleneck.in_dim,
            linear_path="trained",
        )
        soon = round(self.steps * min(1.0, of_choice / self.capacity)) if self.capacity else self.steps
        held = (("discrete.kl", of_choice, max(1, soon)), ("continuous.kl", self.capacity, self.steps))
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=bottleneck,
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            prior=ClassAndStyle(self.classes),
            terms=[
                Reconstruction(),
                *(Capacity(name, LinearWarmup(steps, end=float(nats)), self.gamma) for name, nats, steps in held),
            ],
        )
