"""The adversarial autoencoder."""

from collections.abc import Mapping
from typing import Any, ClassVar

from isthmus.architecture import Setting, make_networks
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.identity import Identity
from isthmus.critics.code import Code
from isthmus.errors import check
from isthmus.estimator import Estimator
from isthmus.priors.standard_normal import StandardNormal
from isthmus.search_ranges import CAPACITY, PURPOSE, Integers, Numbers, Range
from isthmus.terms.adversarial import Adversarial
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class AAE(Estimator):
    """Adversarial autoencoder: a critic tells codes from draws of the prior, until it cannot; then the prior samples.

    All epochs are run: no loss tells when to stop.

    Source: Makhzani et al. 2016, Adversarial autoencoders, ICLR workshop.

    Parameters
    ----------
    latent_dim : numbers in the code.
    adversary : weight of the critic's verdict; the reconstruction is in nats, summed over x.
    game : ``"non_saturating"``, ``"hinge"``, or ``"wasserstein"`` with a gradient penalty.
    network, likelihood, trainer, random_state : as for ``VAE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:200]
    >>> aae = im.AAE(latent_dim=4, trainer=im.Trainer(epochs=2)).fit(X)
    >>> aae.transform(X).shape, aae.sample(3, random_state=0).shape
    ((200, 4), (3, 64))
    """

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(2, 64, log=True, told_by=CAPACITY),
        "adversary": Numbers(0.1, 100.0, log=True, told_by=PURPOSE),
    }

    def __init__(
        self,
        latent_dim: int = 8,
        *,
        adversary: float = 10.0,
        game: str = "non_saturating",
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.adversary, self.game = latent_dim, adversary, game
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> z -> p(x | z)``, with a critic of z; reconstruction + adversary."""
        check("AAE", (self.adversary >= 0, f"adversary is {self.adversary!r}; expected 0 or more"))
        networks = make_networks(
            self.network, setting, latent_dim=self.latent_dim, features=self.latent_dim, linear_path="trained"
        )
        penalty = 10.0 if self.game == "wasserstein" else 0.0
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Identity(self.latent_dim),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            prior=StandardNormal(),
            terms=[Reconstruction(), Adversarial("codes", self.adversary)],
            critics={"codes": Code(self.latent_dim, game=self.game, penalty=penalty)},  # type: ignore[arg-type]
        )
