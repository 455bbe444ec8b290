"""The contractive autoencoder."""

from collections.abc import Mapping
from typing import Any, ClassVar

from isthmus.architecture import Setting, make_networks
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.identity import Identity
from isthmus.errors import check
from isthmus.estimator import Estimator
from isthmus.search_ranges import CAPACITY, PURPOSE, Integers, Numbers, Range
from isthmus.terms.contractive import Contractive
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class ContractiveAE(Estimator):
    """Autoencoder whose code hardly moves with x, but along the data, where the reconstruction needs it to.

    The penalty is of the encoder's Jacobian, whatever the network.

    Source: Rifai et al. 2011, Contractive auto-encoders: explicit invariance during feature extraction, ICML,
    equation 1.

    Parameters
    ----------
    latent_dim : numbers in the code.
    contraction : weight of the squared Jacobian of the code, which is no nats.
    network, likelihood, trainer, random_state : as for ``VAE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:100]
    >>> model = im.ContractiveAE(latent_dim=2, trainer=im.Trainer(epochs=1)).fit(X)
    >>> model.transform(X).shape
    (100, 2)
    """

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(2, 128, log=True, told_by=CAPACITY),
        "contraction": Numbers(0.001, 10.0, log=True, told_by=PURPOSE),
    }

    def __init__(
        self,
        latent_dim: int = 16,
        *,
        contraction: float = 0.1,
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.contraction = latent_dim, contraction
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> z -> p(x | z)``; reconstruction + |dz/dx|^2."""
        check("ContractiveAE", (self.contraction >= 0, f"contraction is {self.contraction!r}; expected 0 or more"))
        networks = make_networks(
            self.network, setting, latent_dim=self.latent_dim, features=self.latent_dim, linear_path="trained"
        )
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Identity(self.latent_dim),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            terms=[Reconstruction(), Contractive(weight=self.contraction)],
        )
