"""The autoencoder with a codebook for what the codebooks before leave over."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from isthmus.architecture import Setting, codebook_terms, make_codebook, make_networks, make_part
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.residual_quantizer import ResidualQuantizer
from isthmus.discrete_estimator import DiscreteEstimator
from isthmus.errors import check
from isthmus.search_ranges import CAPACITY, Choices, Integers, Numbers, Range
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class ResidualVQVAE(DiscreteEstimator):
    """Residual vector quantisation: a vector for the feature, one for the rest, one for the rest of that ...

    ``depth`` codebooks of few vectors tell size^depth features apart; the first symbols alone give a coarser copy.

    Source: Lee et al. 2022, Autoregressive image generation using residual quantization, CVPR; Zeghidour et al.
    2021, SoundStream.

    Parameters
    ----------
    latent_dim : numbers in the code of a place.
    depth : symbols at each place.
    codebook_size, commitment : as for ``VQVAE``.
    codebook : as for ``VQVAE``; not "cosine", whose rests mean nothing.
    dropout : share of examples that train with fewer stages, so that fewer symbols are a code, too.
    estimator : ``"straight_through"`` or ``"rotation"``.
    network, likelihood, trainer, random_state : as for ``VAE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:200]
    >>> model = im.ResidualVQVAE(latent_dim=8, depth=3, trainer=im.Trainer(epochs=1)).fit(X)
    >>> model.symbols(X).shape
    (200, 3)
    """

    advice = "Take a smaller codebook_size, or less depth."

    search: ClassVar[Mapping[str, Range]] = {
        "depth": Integers(1, 8, told_by=CAPACITY),
        "codebook_size": Choices("auto", 32, 64, 128, 256, 512, told_by=CAPACITY),
        "commitment": Numbers(0.05, 2.0, log=True),
    }

    def __init__(
        self,
        latent_dim: int = 16,
        *,
        depth: int = 4,
        codebook_size: int | Literal["auto"] = "auto",
        codebook: Any = "ema",
        estimator: Any = "straight_through",
        commitment: float = 0.25,
        dropout: float = 0.0,
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.depth, self.codebook_size = latent_dim, depth, codebook_size
        self.codebook, self.estimator = codebook, estimator
        self.commitment, self.dropout = commitment, dropout
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> features -> sums of vectors -> p(x | z)``; reconstruction + commitment (+ codebook)."""
        check("ResidualVQVAE", (self.commitment >= 0, f"commitment is {self.commitment!r}; expected 0 or more"))
        networks = make_networks(
            self.network, setting, latent_dim=self.latent_dim, features=self.latent_dim, code="grid"
        )
        grid = networks.encoder.grid
        codebook = make_codebook(self.codebook, self.codebook_size, setting, grid=grid, dim=self.latent_dim)
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=ResidualQuantizer(
                self.latent_dim,
                codebook,
                make_part("gradient_estimators", self.estimator, {"latent_dim": self.latent_dim}),
                self.depth,
                self.dropout,
            ),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            terms=[
                Reconstruction(),
                *codebook_terms(codebook, self.commitment),
            ],
        )
