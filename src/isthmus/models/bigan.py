"""Encoder and generator that a critic makes each other's inverse."""

from collections.abc import Mapping
from typing import Any, ClassVar

from isthmus.architecture import Setting, make_networks
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.identity import Identity
from isthmus.critics.joint import Joint
from isthmus.errors import check
from isthmus.estimator import Estimator
from isthmus.priors.standard_normal import StandardNormal
from isthmus.search_ranges import CAPACITY, PURPOSE, Integers, Numbers, Range
from isthmus.terms.adversarial import Adversarial
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class BiGAN(Estimator):
    """Bidirectional GAN: a critic tells (x, its code) from (x of a drawn code, that code), until it cannot.

    Without ``rebuild`` no pixel is ever compared with another: that encoder and decoder are inverses follows from the
    critic alone.

    All epochs are run: no loss tells when to stop.

    Source: Donahue et al. 2017, Adversarial feature learning, ICLR; Dumoulin et al. 2017, Adversarially learned
    inference.

    Parameters
    ----------
    latent_dim : numbers in the code.
    rebuild : weight of the reconstruction, nats; 0: the critic alone.
    network, likelihood, trainer, random_state : as for ``VAE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:200]
    >>> model = im.BiGAN(latent_dim=4, trainer=im.Trainer(epochs=2)).fit(X)
    >>> model.transform(X).shape, model.sample(3, random_state=0).shape
    ((200, 4), (3, 64))
    """

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(2, 64, log=True, told_by=CAPACITY),
        "rebuild": Numbers(0.0, 10.0, told_by=PURPOSE),
    }

    def __init__(
        self,
        latent_dim: int = 16,
        *,
        rebuild: float = 0.0,
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.rebuild = latent_dim, rebuild
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> z`` and ``z of the prior -> x``, with a critic of the pairs."""
        check("BiGAN", (self.rebuild >= 0, f"rebuild is {self.rebuild!r}; expected 0 or more"))
        networks = make_networks(
            self.network, setting, latent_dim=self.latent_dim, features=self.latent_dim, linear_path="none"
        )
        terms = [Adversarial("pairs"), *([Reconstruction(self.rebuild)] if self.rebuild else [])]
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Identity(self.latent_dim),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            prior=StandardNormal(),
            terms=terms,
            critics={"pairs": Joint(setting.schema.shape, self.latent_dim)},
        )
