"""The variational autoencoder with a critic of its pictures."""

from collections.abc import Mapping
from typing import Any, ClassVar

from isthmus.architecture import Setting, make_networks
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.gaussian import Gaussian
from isthmus.critics.dense import Dense
from isthmus.errors import check
from isthmus.estimator import Estimator
from isthmus.priors.standard_normal import StandardNormal
from isthmus.schedules.linear_warmup import LinearWarmup
from isthmus.search_ranges import CAPACITY, PURPOSE, Integers, Numbers, Range
from isthmus.terms.adversarial import Adversarial
from isthmus.terms.code_cost import CodeCost
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class VAEGAN(Estimator):
    """VAE-GAN: the decoder also answers to a critic of what it rebuilds and draws, which makes both sharper.

    Two players: encoder and bottleneck lessen reconstruction + KL, the decoder reconstruction + the critic's verdict.
    Unlike in the paper reconstructions are compared value by value, not by the critic's features.

    All epochs are run: no loss tells when to stop.

    Source: Larsen et al. 2016, Autoencoding beyond pixels using a learned similarity metric, ICML.

    Parameters
    ----------
    latent_dim : numbers in the code.
    adversary : pull of the critic on the decoder, as a share of the reconstruction's.
    warmup : steps in which that share rises from 0, while the critic learns.
    network, likelihood, trainer, random_state : as for ``VAE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:200]
    >>> model = im.VAEGAN(latent_dim=4, trainer=im.Trainer(epochs=2)).fit(X)
    >>> model.transform(X).shape, model.sample(3, random_state=0).shape
    ((200, 4), (3, 64))
    """

    automatic_binary_likelihood = "bernoulli"

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(2, 64, log=True, told_by=CAPACITY),
        "adversary": Numbers(0.05, 5.0, log=True, told_by=PURPOSE),
    }

    def __init__(
        self,
        latent_dim: int = 16,
        *,
        adversary: float = 0.5,
        warmup: int = 500,
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.adversary, self.warmup = latent_dim, adversary, warmup
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> q(z | x) -> z -> p(x | z)`` with a critic of x; two players."""
        check("VAEGAN", (self.adversary >= 0, f"adversary is {self.adversary!r}; expected 0 or more"))
        networks = make_networks(
            self.network, setting, latent_dim=self.latent_dim, features=2 * self.latent_dim, linear_path="trained"
        )
        weight = LinearWarmup(self.warmup, end=self.adversary) if self.warmup else self.adversary
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Gaussian(self.latent_dim),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            prior=StandardNormal(),
            terms=[Reconstruction(), CodeCost("kl"), Adversarial("examples", weight, adaptive=True)],
            critics={"examples": Dense(setting.schema.shape, judges="both", spectral=True)},
            players={
                "decoder": {"parts": ("decoder", "likelihood"), "terms": ("reconstruction", "examples")},
                "encoder": {"parts": ("encoder", "bottleneck"), "terms": ("reconstruction", "kl")},
            },
        )
