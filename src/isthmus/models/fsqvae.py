"""The autoencoder whose code is rounded."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from isthmus.architecture import Setting, make_networks
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.fsq import FSQ
from isthmus.discrete_estimator import DiscreteEstimator
from isthmus.errors import check
from isthmus.search_ranges import CAPACITY, Choices, Range
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class FSQVAE(DiscreteEstimator):
    """Finite scalar quantisation: a few numbers at each place, each rounded to a few levels; no codebook, no costs.

    Source: Mentzer et al. 2024, Finite scalar quantization: VQ-VAE made simple, ICLR.

    Parameters
    ----------
    levels : for each number of a place's code, how many values it has; their product is the size of the codebook
        that it stands for. At least 5 each is advised.
    network, likelihood, trainer, random_state : as for ``VAE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:200]
    >>> model = im.FSQVAE(levels=(5, 5, 5), trainer=im.Trainer(epochs=1)).fit(X)
    >>> model.symbols(X).shape, int(model.symbols(X).max()) < 125
    ((200, 1), True)
    """

    advice = "Take fewer levels."

    search: ClassVar[Mapping[str, Range]] = {
        "levels": Choices((8, 5, 5), (8, 5, 5, 5), (7, 5, 5, 5, 5), (8, 8, 8, 6, 5), told_by=CAPACITY),
    }

    def __init__(
        self,
        levels: Sequence[int] = (8, 5, 5, 5),
        *,
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.levels = levels
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> features -> rounded -> p(x | z)``; reconstruction."""
        several = isinstance(self.levels, Sequence)
        check("FSQVAE", (several, f"levels is {self.levels!r}; expected how many for each number, such as (8, 5, 5)"))
        bottleneck = FSQ(tuple(self.levels))
        dim = bottleneck.latent_dim
        networks = make_networks(self.network, setting, latent_dim=dim, features=dim, code="grid")
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=bottleneck,
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            terms=[Reconstruction()],
        )
