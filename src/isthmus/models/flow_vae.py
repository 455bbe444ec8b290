"""The VAE whose posterior is bent."""

from collections.abc import Mapping
from typing import Any, ClassVar

from isthmus.architecture import Setting, make_networks
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.flow_gaussian import FlowGaussian
from isthmus.estimator import Estimator
from isthmus.priors.standard_normal import StandardNormal
from isthmus.search_ranges import CAPACITY, Integers, Range
from isthmus.terms.code_cost import CodeCost
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class FlowVAE(Estimator):
    """VAE whose posterior is a Gaussian bent by flows, so that it can follow what the true one looks like.

    Scores are the ELBO; ``log_prob`` goes by the bent posterior, too.

    Source: Rezende & Mohamed 2015, Variational inference with normalizing flows, ICML; Kingma et al. 2016,
    Improving variational inference with inverse autoregressive flow, NeurIPS.

    Parameters
    ----------
    latent_dim : numbers in the code.
    flow : ``"planar"`` (bends along a direction), ``"radial"`` (about a centre) or ``"inverse_autoregressive"`` (each
        number by those before it; ``log_prob`` then takes as many passes as there are numbers).
    depth : flows, one after the other.
    network, likelihood, trainer, random_state : as for ``VAE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:100]
    >>> model = im.FlowVAE(latent_dim=2, trainer=im.Trainer(epochs=1)).fit(X)
    >>> model.transform(X).shape, model.sample(3, random_state=0).shape
    ((100, 2), (3, 64))
    """

    automatic_binary_likelihood = "bernoulli"

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(2, 64, log=True, told_by=CAPACITY),
        "depth": Integers(1, 16, log=True),
    }

    def __init__(
        self,
        latent_dim: int = 16,
        *,
        flow: str = "planar",
        depth: int = 8,
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.flow, self.depth = latent_dim, flow, depth
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> encoder -> q(z | x), bent -> z -> decoder -> p(x | z)``; reconstruction + KL."""
        bottleneck = FlowGaussian(self.latent_dim, self.flow, self.depth)  # type: ignore[arg-type]
        networks = make_networks(
            self.network, setting, latent_dim=self.latent_dim, features=bottleneck.in_dim, linear_path="trained"
        )
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=bottleneck,
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            prior=StandardNormal(),
            terms=[Reconstruction(), CodeCost("kl")],
        )
