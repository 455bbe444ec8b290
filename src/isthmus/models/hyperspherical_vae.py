"""The VAE whose codes are directions."""

from collections.abc import Mapping
from typing import Any, ClassVar

from isthmus.architecture import Setting, make_networks
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.hyperspherical import Hyperspherical
from isthmus.estimator import Estimator
from isthmus.priors.uniform_sphere import UniformSphere
from isthmus.search_ranges import CAPACITY, Integers, Range
from isthmus.terms.code_cost import CodeCost
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class HypersphericalVAE(Estimator):
    """VAE whose codes lie on the unit sphere, all directions of which the prior likes alike: nothing pulls to a middle.

    Codes are compared by their angle. Best with few numbers: with many a Gaussian's codes lie on a sphere, too.

    Source: Davidson et al. 2018, Hyperspherical variational auto-encoders, UAI.

    Parameters
    ----------
    latent_dim : numbers in the code.
    most : concentration of the posterior at the most: 5000 is an angle of about 1 degree for each number.
    network, likelihood, trainer, random_state : as for ``VAE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:100]
    >>> model = im.HypersphericalVAE(latent_dim=2, trainer=im.Trainer(epochs=1)).fit(X)
    >>> model.transform(X).shape, model.sample(3, random_state=0).shape
    ((100, 2), (3, 64))
    """

    automatic_binary_likelihood = "bernoulli"

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(3, 64, log=True, told_by=CAPACITY),
    }

    def __init__(
        self,
        latent_dim: int = 16,
        *,
        most: float = 5000.0,
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.most = latent_dim, most
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """As a VAE, on the sphere; reconstruction + KL."""
        bottleneck = Hyperspherical(self.latent_dim, self.most)
        networks = make_networks(
            self.network, setting, latent_dim=self.latent_dim, features=bottleneck.in_dim, linear_path="trained"
        )
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=bottleneck,
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            prior=UniformSphere(),
            terms=[Reconstruction(), CodeCost("kl")],
        )
