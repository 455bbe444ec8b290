"""The VAE whose codes live in hyperbolic space."""

from collections.abc import Mapping
from typing import Any, ClassVar

from isthmus.architecture import Setting, make_networks
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.wrapped_normal import WrappedNormal
from isthmus.estimator import Estimator
from isthmus.priors.wrapped_normal import WrappedNormal as WrappedNormalPrior
from isthmus.search_ranges import CAPACITY, Integers, Numbers, Range
from isthmus.terms.code_cost import CodeCost
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class PoincareVAE(Estimator):
    """VAE with codes in the Poincare ball, where there is room for trees: the space grows exponentially outwards.

    Codes are points of a ball of radius ``1 / sqrt(curvature)``, what is general in the middle. Posterior and prior are
    normal distributions wrapped onto it. Distances are those of ``isthmus.layers.poincare_ball.distance``; best with
    few numbers. The decoder is the usual network of the coordinates.

    Source: Mathieu et al. 2019, Continuous hierarchical representations with Poincare variational auto-encoders,
    NeurIPS; Nagano et al. 2019, A wrapped normal distribution on hyperbolic space for gradient-based learning, ICML.

    Parameters
    ----------
    latent_dim : numbers in the code.
    curvature : of the space, but for its sign; close to 0 the model is a VAE.
    network, likelihood, trainer, random_state : as for ``VAE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:100]
    >>> model = im.PoincareVAE(latent_dim=2, trainer=im.Trainer(epochs=1)).fit(X)
    >>> model.transform(X).shape, bool(((model.transform(X) ** 2).sum(1) < 1).all())
    ((100, 2), True)
    """

    automatic_binary_likelihood = "bernoulli"

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(2, 16, log=True, told_by=CAPACITY),
        "curvature": Numbers(0.1, 4.0, log=True, told_by=CAPACITY),
    }

    def __init__(
        self,
        latent_dim: int = 2,
        *,
        curvature: float = 1.0,
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.curvature = latent_dim, curvature
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """As a VAE, in the ball; reconstruction + KL."""
        bottleneck = WrappedNormal(self.latent_dim, float(self.curvature))
        networks = make_networks(
            self.network, setting, latent_dim=self.latent_dim, features=bottleneck.in_dim, linear_path="trained"
        )
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=bottleneck,
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            prior=WrappedNormalPrior(float(self.curvature)),
            terms=[Reconstruction(), CodeCost("kl")],
        )
