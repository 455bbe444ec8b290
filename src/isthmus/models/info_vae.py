"""The VAE that is held to its prior as a whole."""

from collections.abc import Mapping
from typing import Any, ClassVar

from isthmus.architecture import Setting, make_networks
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.gaussian import Gaussian
from isthmus.errors import check
from isthmus.estimator import Estimator
from isthmus.priors.standard_normal import StandardNormal
from isthmus.search_ranges import CAPACITY, PURPOSE, Integers, Numbers, Range
from isthmus.terms.code_cost import CodeCost
from isthmus.terms.mmd import MMD
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class InfoVAE(Estimator):
    """VAE whose codes are held to the prior all together rather than row by row, so that they may tell of x.

    ``reconstruction + (1 - alpha) KL + (alpha + scale - 1) MMD``: with ``alpha=1`` the KL is gone (MMD-VAE). The MMD is
    no nats. Scores are the ELBO at beta = 1.

    Source: Zhao et al. 2019, InfoVAE: balancing learning and inference in variational autoencoders, AAAI, equation 6.

    Parameters
    ----------
    latent_dim : numbers in the code.
    alpha : share of the KL that is taken off, 1 at the most.
    scale : weight of the distance of all codes together from the prior; ``alpha + scale`` is 1 or more.
    kernel : ``"inverse_multiquadratic"`` or ``"gaussian"``.
    network, likelihood, trainer, random_state : as for ``VAE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:100]
    >>> model = im.InfoVAE(latent_dim=2, trainer=im.Trainer(epochs=1)).fit(X)
    >>> model.transform(X).shape, model.sample(3, random_state=0).shape
    ((100, 2), (3, 64))
    """

    automatic_binary_likelihood = "bernoulli"

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(2, 64, log=True, told_by=CAPACITY),
        "scale": Numbers(1.0, 1000.0, log=True, told_by=PURPOSE),
    }

    def __init__(
        self,
        latent_dim: int = 16,
        *,
        alpha: float = 0.5,
        scale: float = 100.0,
        kernel: str = "inverse_multiquadratic",
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.alpha, self.scale, self.kernel = latent_dim, alpha, scale, kernel
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """As a VAE; reconstruction + (1 - alpha) KL + (alpha + scale - 1) MMD."""
        check(
            "InfoVAE",
            (self.alpha <= 1, f"alpha is {self.alpha!r}; expected 1 or less"),
            (self.alpha + self.scale >= 1, f"alpha + scale is {self.alpha + self.scale!r}; expected 1 or more"),
        )
        networks = make_networks(
            self.network, setting, latent_dim=self.latent_dim, features=2 * self.latent_dim, linear_path="trained"
        )
        together = MMD(self.kernel, weight=self.alpha + self.scale - 1.0)  # type: ignore[arg-type]
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Gaussian(self.latent_dim),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            prior=StandardNormal(),
            terms=[Reconstruction(), CodeCost("kl", 1.0 - self.alpha), together],
        )
