"""The autoencoder with a codebook, a critic of patches and an eye for features."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from isthmus.architecture import Setting, codebook_terms, make_codebook, make_networks, make_part
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.vector_quantizer import VectorQuantizer
from isthmus.critics.patch import Patch
from isthmus.data.schema import Schema
from isthmus.data.schemas.numeric import NumericSchema
from isthmus.discrete_estimator import DiscreteEstimator
from isthmus.errors import ParameterError, check
from isthmus.saved_encoder import SavedEncoder
from isthmus.schedules.linear_warmup import LinearWarmup
from isthmus.search_ranges import CAPACITY, PURPOSE, Choices, Numbers, Range
from isthmus.stations import Encoder
from isthmus.terms.adversarial import Adversarial
from isthmus.terms.perceptual import Perceptual
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer

FEATURES = {"name": "conv", "channels": (16, 32), "flatten": False, "out_dim": 32}


class VQGAN(DiscreteEstimator):
    """VQ-VAE of pictures whose reconstructions must also look right to a critic of patches and to learnt features.

    The first stage; ``fit_prior`` is the second. The critic learns from the first step on, its pull on the decoder
    rises over ``warmup`` steps; both pulls are shares of the reconstruction's.

    All epochs are run: no loss tells when to stop.

    Source: Esser et al. 2021, Taming transformers for high-resolution image synthesis, CVPR.

    Parameters
    ----------
    latent_dim, codebook_size, codebook, estimator, commitment : as for ``VQVAE``.
    adversary : pull of the critic, as a share of the reconstruction's.
    warmup : steps in which that share rises from 0.
    perceptual : ``"trained"``: features learnt from these data by denoising, by a convolutional encoder, of which a
        mapping says more (``{"channels": (32, 64)}``); the folder of a saved model whose encoder is to look as it is;
        such an Encoder; None: no such term.
    perceptual_share : its pull, as a share of the reconstruction's.
    network, likelihood, trainer, random_state : as for ``VAE``.

    >>> import numpy as np, isthmus as im
    >>> X = (im.data.load("digits").values[:100] * 15).astype(np.uint8).reshape(-1, 8, 8)
    >>> model = im.VQGAN(latent_dim=4, network={"name": "conv", "channels": (8, 8)}, trainer=im.Trainer(epochs=1))
    >>> model.fit(X).symbols(X[:3]).shape
    (3, 2, 2, 1)
    """

    advice = "Take a smaller codebook_size, or codebook={'name': 'ema', 'revive': 0.2}."
    pictures_only = True

    search: ClassVar[Mapping[str, Range]] = {
        "codebook_size": Choices("auto", 32, 64, 128, 256, 512, told_by=CAPACITY),
        "commitment": Numbers(0.05, 2.0, log=True),
        "adversary": Numbers(0.03, 3.0, log=True, told_by=PURPOSE),
    }

    def __init__(
        self,
        latent_dim: int = 16,
        *,
        codebook_size: int | Literal["auto"] = "auto",
        codebook: Any = "ema",
        estimator: Any = "straight_through",
        commitment: float = 0.25,
        adversary: float = 0.3,
        warmup: int = 500,
        perceptual: Any = "trained",
        perceptual_share: float = 0.3,
        network: Any = "auto",
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.codebook_size = latent_dim, codebook_size
        self.codebook, self.estimator, self.commitment = codebook, estimator, commitment
        self.adversary, self.warmup = adversary, warmup
        self.perceptual, self.perceptual_share = perceptual, perceptual_share
        self.network, self.likelihood = network, likelihood
        self.trainer, self.random_state = trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> features -> nearest vectors -> p(x | z)``; reconstruction, commitment, perceptual, adversary."""
        shape = setting.schema.shape
        shares = {"commitment": self.commitment, "adversary": self.adversary, "perceptual_share": self.perceptual_share}
        check(
            "VQGAN",
            *((value >= 0, f"{name} is {value!r}; expected 0 or more") for name, value in shares.items()),
            (
                len(shape) == 3 and min(shape[1:]) >= 8,
                f"x is {shape}, {setting.schema.kind!r}; expected pictures of 8 x 8 or more pixels, uint8 or in [0, 1]",
            ),
        )
        networks = make_networks(
            self.network, setting, latent_dim=self.latent_dim, features=self.latent_dim, code="grid"
        )
        grid = networks.encoder.grid
        codebook = make_codebook(self.codebook, self.codebook_size, setting, grid=grid, dim=self.latent_dim)
        weight = LinearWarmup(self.warmup, end=self.adversary) if self.warmup else self.adversary
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=VectorQuantizer(
                self.latent_dim,
                codebook,
                make_part("gradient_estimators", self.estimator, {"latent_dim": self.latent_dim}),
            ),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            terms=[
                Reconstruction(),
                *codebook_terms(codebook, self.commitment),
                *self._perceptual(setting),
                Adversarial("patches", weight, adaptive=True),
            ],
            critics={"patches": Patch(shape)},
        )

    def _perceptual(self, setting: Setting) -> list[Perceptual]:
        if self.perceptual is None:
            return []
        shape, given = setting.schema.shape, self.perceptual
        if given == "trained" or isinstance(given, Mapping):
            wanted = FEATURES if given == "trained" else {**FEATURES, **given}
            network = make_part("encoders", wanted, {"in_shape": shape, "linear_path": "none"})
            return [Perceptual(network, self.perceptual_share)]
        if isinstance(given, Encoder):
            found = SavedEncoder.of(given, setting.schema, f"perceptual, a {type(given).__name__}").encoder
            _check_takes(found.arguments["in_shape"], shape, f"the encoder {type(given).__name__}")
            return [Perceptual(found, self.perceptual_share, steps=0)]
        if not isinstance(given, str | Path):
            raise ParameterError(
                f"perceptual is {given!r:.100}; expected 'trained', a mapping of arguments for an encoder to be "
                "trained, the folder of a saved model, an encoder (such as model.autoencoder_.encoder), or None"
            )
        return [Perceptual(_encoder_of(Path(given), setting.schema), self.perceptual_share, steps=0)]


def _encoder_of(folder: Path, schema: Schema) -> Encoder:
    """The encoder of a saved model, weights and all; raises ``SavedModelError`` or ``ParameterError``."""
    if not folder.exists():
        raise ParameterError(f"perceptual is {str(folder)!r}; expected 'trained', None, or the folder of a saved model")
    found = SavedEncoder.read(folder)
    _check_takes(found.schema.shape, schema.shape, f"the encoder of {folder}")
    theirs = found.schema
    assert isinstance(theirs, NumericSchema)  # an encoder of pictures
    assert isinstance(schema, NumericSchema)
    if (theirs.scale, theirs.shift) != (schema.scale, schema.shift):
        raise ParameterError(
            f"perceptual: {folder} was fitted on values from {theirs.low:g} to {theirs.high:g}, scaled otherwise than "
            f"these, from {schema.low:g} to {schema.high:g}: fit it on pictures like these"
        )
    return found.encoder


def _check_takes(taken: Sequence[int], shape: Sequence[int], whose: str) -> None:
    """Refuse encoders of other pictures."""
    if tuple(taken) != tuple(shape):
        raise ParameterError(f"perceptual: {whose} takes pictures {tuple(taken)}; these are {tuple(shape)}")
