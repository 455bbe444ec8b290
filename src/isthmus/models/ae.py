"""The autoencoder: squeeze, rebuild, compare."""

from collections.abc import Mapping
from typing import Any, ClassVar

from isthmus.architecture import Setting, make_networks
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.identity import Identity
from isthmus.estimator import Estimator
from isthmus.search_ranges import CAPACITY, Integers, Range
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class AE(Estimator):
    """Autoencoder: two networks joined by a narrow code.

    By default a network beside a straight road that starts at PCA, sized and stopped by the data, so that
    it is no worse than PCA on small data.

    Source: Hinton & Salakhutdinov 2006, Reducing the dimensionality of data with neural networks, Science.

    Parameters
    ----------
    latent_dim : numbers in the code.
    network : ``"auto"``, ``"mlp"``, ``"conv"``, ``"vit"``, a mapping such as ``{"name": "mlp", "hidden": (200, 200)}``,
        or two torch modules ``(encoder, decoder)``.
    likelihood : ``"auto"`` (Gaussian: the squared error), a name, a mapping, or a Likelihood.
    trainer : a Trainer; None: one that chooses everything by the data's size.
    random_state : seed of everything random in ``fit``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:100]
    >>> ae = im.AE(latent_dim=2, trainer=im.Trainer(epochs=1)).fit(X)
    >>> ae.transform(X).shape, ae.reconstruct(X).shape
    ((100, 2), (100, 64))
    """

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(2, 128, log=True, told_by=CAPACITY),
    }

    def __init__(
        self,
        latent_dim: int = 16,
        *,
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.network, self.likelihood = latent_dim, network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> encoder -> z -> decoder``, one term."""
        networks = make_networks(self.network, setting, latent_dim=self.latent_dim, features=self.latent_dim)
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Identity(self.latent_dim),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            terms=[Reconstruction()],
        )
