"""The Wasserstein autoencoder."""

from collections.abc import Mapping
from typing import Any, ClassVar

from isthmus.architecture import Setting, make_networks
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.identity import Identity
from isthmus.errors import check
from isthmus.estimator import Estimator
from isthmus.priors.standard_normal import StandardNormal
from isthmus.search_ranges import CAPACITY, PURPOSE, Integers, Numbers, Range
from isthmus.terms.mmd import MMD
from isthmus.terms.reconstruction import Reconstruction
from isthmus.terms.sliced_wasserstein import SlicedWasserstein
from isthmus.training.trainer import Trainer


class WAE(Estimator):
    """Wasserstein autoencoder: codes without noise, which all together are held to the prior; it samples like a VAE.

    With a critic in place of the distance it is the ``AAE``.

    Source: Tolstikhin et al. 2018, Wasserstein auto-encoders, ICLR, algorithm 2; sliced: Kolouri et al. 2019, Sliced
    Wasserstein auto-encoders, ICLR.

    Parameters
    ----------
    latent_dim : numbers in the code.
    distance : ``"mmd"`` (maximum mean discrepancy) or ``"sliced"`` (sliced Wasserstein).
    scale : weight of the distance, which is no nats.
    kernel : of the MMD: ``"inverse_multiquadratic"`` or ``"gaussian"``.
    network, likelihood, trainer, random_state : as for ``VAE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:100]
    >>> model = im.WAE(latent_dim=2, trainer=im.Trainer(epochs=1)).fit(X)
    >>> model.transform(X).shape, model.sample(3, random_state=0).shape
    ((100, 2), (3, 64))
    """

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(2, 64, log=True, told_by=CAPACITY),
        "scale": Numbers(1.0, 1000.0, log=True, told_by=PURPOSE),
    }

    def __init__(
        self,
        latent_dim: int = 16,
        *,
        distance: str = "mmd",
        scale: float = 100.0,
        kernel: str = "inverse_multiquadratic",
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.distance, self.scale, self.kernel = latent_dim, distance, scale, kernel
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> z -> p(x | z)``; reconstruction + the distance of codes from the prior."""
        check(
            "WAE",
            (self.distance in ("mmd", "sliced"), f"distance is {self.distance!r}; expected 'mmd' or 'sliced'"),
            (self.scale >= 0, f"scale is {self.scale!r}; expected 0 or more"),
            (
                self.distance == "mmd" or self.kernel == "inverse_multiquadratic",
                f"kernel is {self.kernel!r}; it is for distance='mmd'",
            ),
        )
        networks = make_networks(
            self.network, setting, latent_dim=self.latent_dim, features=self.latent_dim, linear_path="trained"
        )
        sliced = self.distance == "sliced"
        apart = SlicedWasserstein(weight=self.scale) if sliced else MMD(self.kernel, weight=self.scale)  # type: ignore[arg-type]
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Identity(self.latent_dim),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            prior=StandardNormal(),
            terms=[Reconstruction(), apart],
        )
