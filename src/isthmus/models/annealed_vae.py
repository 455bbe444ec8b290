"""The VAE whose code may cost more and more."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from isthmus.architecture import Setting, make_networks, steps_of
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.gaussian import Gaussian
from isthmus.errors import check
from isthmus.estimator import Estimator
from isthmus.priors.standard_normal import StandardNormal
from isthmus.schedules.linear_warmup import LinearWarmup
from isthmus.search_ranges import CAPACITY, Integers, Numbers, Range
from isthmus.terms.capacity import Capacity
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class AnnealedVAE(Estimator):
    """VAE whose KL is held at a capacity that rises while it learns, so that it takes up one factor after the other.

    Scores are the ELBO at beta = 1.

    Source: Burgess et al. 2018, Understanding disentangling in beta-VAE, NIPS workshop, equation 8.

    Parameters
    ----------
    latent_dim : numbers in the code.
    capacity : nats that the code may cost in the end.
    steps : in which the capacity rises from 0; ``"auto"``: half of all steps of training.
    gamma : weight of ``|KL - capacity|``; the paper's 1000 holds the KL fast, less lets the data have a say.
    network, likelihood, trainer, random_state : as for ``VAE``; by default without a straight road beside the
        networks, since principal components turn factors of the same variance into each other.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:100]
    >>> model = im.AnnealedVAE(latent_dim=2, capacity=4.0, trainer=im.Trainer(epochs=1)).fit(X)
    >>> model.transform(X).shape, model.sample(3, random_state=0).shape
    ((100, 2), (3, 64))
    """

    automatic_binary_likelihood = "bernoulli"

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(2, 64, log=True, told_by=CAPACITY),
        "capacity": Numbers(1.0, 100.0, log=True, told_by=CAPACITY),
        "gamma": Numbers(1.0, 1000.0, log=True, told_by=CAPACITY),
    }

    def __init__(
        self,
        latent_dim: int = 16,
        *,
        capacity: float = 25.0,
        steps: int | Literal["auto"] = "auto",
        gamma: float = 100.0,
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.capacity, self.steps, self.gamma = latent_dim, capacity, steps, gamma
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """As a VAE; reconstruction + gamma |KL - capacity|."""
        check(
            "AnnealedVAE",
            (self.capacity >= 0, f"capacity is {self.capacity!r}; expected 0 or more nats"),
            (self.gamma >= 0, f"gamma is {self.gamma!r}; expected 0 or more"),
        )
        networks = make_networks(
            self.network, setting, latent_dim=self.latent_dim, features=2 * self.latent_dim, linear_path="none"
        )
        steps = steps_of("AnnealedVAE", "steps", self.steps, self._trainer(setting.rows).steps(setting.rows), least=1)
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Gaussian(self.latent_dim),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            prior=StandardNormal(),
            terms=[Reconstruction(), Capacity("kl", LinearWarmup(steps, end=self.capacity), self.gamma)],
        )
