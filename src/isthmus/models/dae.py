"""The denoising autoencoder: rebuild the clean from the spoilt."""

from collections.abc import Mapping
from typing import Any, ClassVar

from isthmus.architecture import Setting, make_networks, make_part
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.identity import Identity
from isthmus.errors import check
from isthmus.estimator import Estimator
from isthmus.search_ranges import CAPACITY, PURPOSE, Choices, Integers, Range
from isthmus.stations import Corruption
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class DAE(Estimator):
    """Denoising autoencoder: sees a corrupted x, is judged by the clean one.

    ``reconstruct`` of noisy data denoises them.

    Source: Vincent et al. 2010, Stacked denoising autoencoders, JMLR 11.

    Parameters
    ----------
    latent_dim : numbers in the code; denoising wants more than compression does.
    corruption : ``"gaussian_noise"``, ``"masking"``, ``"salt_and_pepper"``, a mapping such as
        ``{"name": "gaussian_noise", "scale": 0.3}``, or a Corruption; in the model's units (pictures: [0, 1]).
    network, likelihood, trainer, random_state : as for ``AE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:100]
    >>> dae = im.DAE(corruption={"name": "gaussian_noise", "scale": 2.0}, trainer=im.Trainer(epochs=1))
    >>> dae.fit(X).reconstruct(X).shape
    (100, 64)
    """

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(8, 256, log=True, told_by=CAPACITY),
        "corruption": Choices("gaussian_noise", "masking", told_by=PURPOSE),
    }

    def __init__(
        self,
        latent_dim: int = 64,
        *,
        corruption: Any = "gaussian_noise",
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.corruption = latent_dim, corruption
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> corruption -> encoder -> z -> decoder``, judged by x."""
        corruption: Corruption = make_part("corruptions", self.corruption)
        told = f"corruption is {self.corruption!r:.100}, which is for texts; DenoisingSequenceAE takes it"
        check("DAE", (not corruption.of_symbols, told))
        networks = make_networks(self.network, setting, latent_dim=self.latent_dim, features=self.latent_dim)
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Identity(self.latent_dim),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            terms=[Reconstruction()],
            corruption=corruption,
        )
