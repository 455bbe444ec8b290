"""A generator alone."""

from collections.abc import Mapping
from typing import Any, ClassVar

from isthmus.architecture import Setting, make_networks
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.prior_draw import PriorDraw
from isthmus.critics.dense import Dense
from isthmus.encoders.nothing import Nothing
from isthmus.errors import check
from isthmus.estimator import Estimator
from isthmus.priors.standard_normal import StandardNormal
from isthmus.search_ranges import PURPOSE, Integers, Numbers, Range
from isthmus.terms.adversarial import Adversarial
from isthmus.training.trainer import Trainer


class WGANGP(Estimator):
    """Wasserstein GAN with gradient penalty: a decoder that learns from a critic only; it samples and encodes nothing.

    All epochs are run: no loss tells when to stop.

    Source: Gulrajani et al. 2017, Improved training of Wasserstein GANs, NeurIPS.

    Parameters
    ----------
    latent_dim : numbers that an example is made of.
    penalty : weight of the critic's gradient penalty.
    repeats : steps of the critic for each of the generator.
    game : ``"wasserstein"``, ``"hinge"``, ``"non_saturating"``.
    network : as for ``VAE``; of it only the decoder is used.
    likelihood, trainer, random_state : as for ``VAE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:200]
    >>> gan = im.WGANGP(latent_dim=8, trainer=im.Trainer(epochs=2)).fit(X)
    >>> gan.sample(3, random_state=0).shape
    (3, 64)
    """

    automatic_likelihood: ClassVar[Any] = "gaussian"
    blends = False
    encodes = False

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(16, 128, log=True, told_by=PURPOSE),
        "penalty": Numbers(1.0, 100.0, log=True, told_by=PURPOSE),
        "repeats": Integers(1, 5, told_by=PURPOSE),
    }

    def __init__(
        self,
        latent_dim: int = 64,
        *,
        penalty: float = 10.0,
        repeats: int = 3,
        game: str = "wasserstein",
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.penalty, self.repeats, self.game = latent_dim, penalty, repeats, game
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``z of the prior -> x``, with a critic of x; adversary."""
        check("WGANGP", (self.penalty >= 0, f"penalty is {self.penalty!r}; expected 0 or more"))
        networks = make_networks(
            self.network, setting, latent_dim=self.latent_dim, features=self.latent_dim, linear_path="none"
        )
        critic = Dense(
            setting.schema.shape,
            game=self.game,  # type: ignore[arg-type]
            penalty=self.penalty,
            repeats=self.repeats,
        )
        return Autoencoder(
            encoder=Nothing(),
            bottleneck=PriorDraw(self.latent_dim),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            prior=StandardNormal(),
            terms=[Adversarial("examples")],
            critics={"examples": critic},
        )
