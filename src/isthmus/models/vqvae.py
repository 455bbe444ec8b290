"""The autoencoder with a codebook."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from isthmus.architecture import Setting, codebook_terms, make_codebook, make_networks, make_part
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.vector_quantizer import VectorQuantizer
from isthmus.discrete_estimator import DiscreteEstimator
from isthmus.errors import check
from isthmus.search_ranges import CAPACITY, Choices, Numbers, Range
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class VQVAE(DiscreteEstimator):
    """Vector-quantised autoencoder: each place of the code is the nearest vector of a codebook, a symbol.

    Pictures from 8 x 8 pixels keep a grid of symbols; the codes of other data are cut into groups with a codebook
    each.

    Source: van den Oord et al. 2017, Neural discrete representation learning, NeurIPS.

    Parameters
    ----------
    latent_dim : numbers in the code of a place; with groups, in all of them.
    codebook_size : vectors; ``"auto"``: up to 512, fewer where the data are few.
    groups : ``"auto"``: 1 for a grid, else one for every 4 numbers.
    codebook : ``"ema"``, ``"gradient"``, ``"cosine"``, ``"sim"``, or a mapping such as
        ``{"name": "ema", "decay": 0.9}``.
    estimator : ``"straight_through"``, ``"rotation"``, ``"gumbel_softmax"``, or a mapping.
    commitment : weight of the squared distance from features to vectors.
    network, likelihood, trainer, random_state : as for ``VAE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:200]
    >>> vqvae = im.VQVAE(latent_dim=8, trainer=im.Trainer(epochs=1)).fit(X)
    >>> vqvae.symbols(X).shape, vqvae.codebook_.usage > 0.5
    ((200, 2), True)
    """

    advice = "Take a smaller codebook_size, or codebook={'name': 'ema', 'revive': 0.2}; FSQVAE has none to collapse."

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Choices(8, 16, 32, told_by=CAPACITY),
        "codebook_size": Choices("auto", 32, 64, 128, 256, 512, told_by=CAPACITY),
        "commitment": Numbers(0.05, 2.0, log=True),
    }

    def __init__(
        self,
        latent_dim: int = 16,
        *,
        codebook_size: int | Literal["auto"] = "auto",
        groups: int | Literal["auto"] = "auto",
        codebook: Any = "ema",
        estimator: Any = "straight_through",
        commitment: float = 0.25,
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.codebook_size, self.groups = latent_dim, codebook_size, groups
        self.codebook, self.estimator, self.commitment = codebook, estimator, commitment
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> features -> nearest vectors -> p(x | z)``; reconstruction + commitment (+ codebook)."""
        networks = make_networks(
            self.network, setting, latent_dim=self.latent_dim, features=self.latent_dim, code="grid"
        )
        groups = self._groups(networks.encoder.grid)
        grid = networks.encoder.grid
        codebook = make_codebook(self.codebook, self.codebook_size, setting, grid=grid, dim=self.latent_dim // groups)
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=VectorQuantizer(
                self.latent_dim,
                codebook,
                make_part("gradient_estimators", self.estimator, {"latent_dim": self.latent_dim}),
                groups,
            ),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            terms=[
                Reconstruction(),
                *codebook_terms(codebook, self.commitment),
            ],
        )

    def _groups(self, grid: tuple[int, ...]) -> int:
        groups = (1 if grid else max(1, self.latent_dim // 4)) if self.groups == "auto" else self.groups
        check(
            "VQVAE",
            (
                groups >= 1 and self.latent_dim % groups == 0,
                f"latent_dim={self.latent_dim} is not {groups} equal groups",
            ),
            (self.commitment >= 0, f"commitment is {self.commitment!r}; expected 0 or more"),
        )
        return int(groups)
