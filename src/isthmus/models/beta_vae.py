"""The VAE with a dearer code."""

from collections.abc import Mapping
from typing import Any, ClassVar

from isthmus.architecture import Setting, make_networks
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.gaussian import Gaussian
from isthmus.errors import check
from isthmus.estimator import Estimator
from isthmus.priors.standard_normal import StandardNormal
from isthmus.schedules.linear_warmup import LinearWarmup
from isthmus.search_ranges import CAPACITY, Integers, Numbers, Range
from isthmus.terms.code_cost import CodeCost
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class BetaVAE(Estimator):
    """VAE whose KL weighs ``beta``: more than 1 for independent latents, less for sharper reconstructions.

    Losses are sums over features, so ``beta=1`` is the VAE; papers that average over pixels mean another
    number. Scores are always the ELBO at beta = 1.

    Source: Higgins et al. 2017, beta-VAE: learning basic visual concepts with a constrained variational
    framework, ICLR, equation 4.

    Parameters
    ----------
    latent_dim, free_bits : as for ``VAE``.
    beta : weight of the KL, 0 or more.
    warmup : steps in which the weight of the KL rises to ``beta``; 0: none.
    network, likelihood, trainer, random_state : as for ``VAE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:100]
    >>> im.BetaVAE(latent_dim=2, beta=4.0, trainer=im.Trainer(epochs=1)).fit(X).transform(X).shape
    (100, 2)
    """

    automatic_binary_likelihood = "bernoulli"

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(2, 64, log=True, told_by=CAPACITY),
        "beta": Numbers(0.1, 20.0, log=True, told_by=CAPACITY),
    }

    def __init__(
        self,
        latent_dim: int = 16,
        *,
        beta: float = 4.0,
        free_bits: float = 0.0,
        warmup: int = 0,
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.beta, self.free_bits, self.warmup = latent_dim, beta, free_bits, warmup
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """As a VAE; reconstruction + beta KL."""
        check("BetaVAE", (self.beta >= 0, f"beta is {self.beta!r}; expected 0 or more"))
        networks = make_networks(
            self.network,
            setting,
            latent_dim=self.latent_dim,
            features=2 * self.latent_dim,
            linear_path="trained",
        )
        weight = LinearWarmup(self.warmup, end=self.beta) if self.warmup else self.beta
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Gaussian(self.latent_dim, free_bits=self.free_bits),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            prior=StandardNormal(),
            terms=[Reconstruction(), CodeCost("kl", weight)],
        )
