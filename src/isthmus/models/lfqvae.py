"""The autoencoder whose code is made of signs."""

from collections.abc import Mapping
from typing import Any, ClassVar

from isthmus.architecture import Setting, make_networks
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.lfq import LFQ
from isthmus.discrete_estimator import DiscreteEstimator
from isthmus.errors import check
from isthmus.search_ranges import CAPACITY, Integers, Numbers, Range
from isthmus.terms.code_cost import CodeCost
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class LFQVAE(DiscreteEstimator):
    """Lookup-free quantisation: each number of a place's code is a sign; 2^latent_dim codes without a codebook.

    Source: Yu et al. 2024, Language model beats diffusion: tokenizer is key to visual generation, ICLR.

    Parameters
    ----------
    latent_dim : signs in the code of a place.
    doubt, disuse : weights of the entropy of each bit given the example, and of what its entropy over the batch
        lacks; nats.
    commitment : weight of the squared distance from features to signs.
    network, likelihood, trainer, random_state : as for ``VAE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:200]
    >>> model = im.LFQVAE(latent_dim=8, trainer=im.Trainer(epochs=1)).fit(X)
    >>> int(model.symbols(X).max()) < 256
    True
    """

    advice = "Take fewer bits (latent_dim), or a larger disuse."

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(4, 14, told_by=CAPACITY),
        "commitment": Numbers(0.05, 2.0, log=True),
    }

    def __init__(
        self,
        latent_dim: int = 8,
        *,
        doubt: float = 0.1,
        disuse: float = 1.0,
        commitment: float = 0.25,
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.doubt, self.disuse, self.commitment = latent_dim, doubt, disuse, commitment
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> features -> signs -> p(x | z)``; reconstruction + doubt + disuse + commitment."""
        weights = {"doubt": self.doubt, "disuse": self.disuse, "commitment": self.commitment}
        check("LFQVAE", *((value >= 0, f"{name} is {value!r}; expected 0 or more") for name, value in weights.items()))
        networks = make_networks(
            self.network, setting, latent_dim=self.latent_dim, features=self.latent_dim, code="grid"
        )
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=LFQ(self.latent_dim),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            terms=[Reconstruction(), *(CodeCost(name, weight) for name, weight in weights.items())],
        )
