"""The stacked autoencoder: layers learnt one after the other, then together."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from isthmus import catalogue
from isthmus.architecture import Setting
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.identity import Identity
from isthmus.estimator import Estimator
from isthmus.search_ranges import CAPACITY, Choices, Integers, Range
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class StackedAE(Estimator):
    """Stacked autoencoder: greedy layer-wise pretraining, then fine-tuning of the whole.

    Each layer first learns to rebuild what the layer below gives; then the network is unrolled and trained.

    Source: Hinton & Salakhutdinov 2006, Reducing the dimensionality of data with neural networks, Science; Bengio
    et al. 2007, Greedy layer-wise training of deep networks, NeurIPS; Vincent et al. 2010, Stacked denoising
    autoencoders, JMLR 11.

    Parameters
    ----------
    latent_dim : numbers in the code.
    hidden : widths of the layers from the data to the code.
    activation : of all layers but the code's.
    pretrain : ``"autoencoder"``, ``"denoising"``, ``"rbm"`` (contrastive divergence; sigmoid layers) or ``"none"``.
    pretrain_steps : steps for each layer.
    masked : share of the values that denoising pretraining blanks out.
    tied : the decoder uses the encoder's weights, transposed.
    likelihood, trainer, random_state : as for ``AE``.

    >>> import isthmus as im
    >>> X = im.data.load("digits").values[:100]
    >>> model = im.StackedAE(2, hidden=(16, 8), pretrain="rbm", pretrain_steps=5, trainer=im.Trainer(epochs=1))
    >>> model.fit(X).transform(X).shape
    (100, 2)
    """

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(2, 64, log=True, told_by=CAPACITY),
        "hidden": Choices((256, 64), (128, 32), (512, 128)),
    }

    def __init__(
        self,
        latent_dim: int = 16,
        *,
        hidden: Sequence[int] = (256, 64),
        activation: str = "sigmoid",
        pretrain: str = "autoencoder",
        pretrain_steps: int = 500,
        masked: float = 0.25,
        tied: bool = False,
        likelihood: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.hidden, self.activation = latent_dim, hidden, activation
        self.pretrain, self.pretrain_steps, self.masked, self.tied = pretrain, pretrain_steps, masked, tied
        self.likelihood, self.trainer, self.random_state = likelihood, trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> stacked encoder -> z -> the same, unrolled``; one term."""
        hidden = tuple(self.hidden)
        encoder = {
            "in_shape": setting.schema.shape,
            "out_dim": self.latent_dim,
            "hidden": hidden,
            "activation": self.activation,
            "pretrain": self.pretrain,
            "pretrain_steps": self.pretrain_steps,
            "masked": self.masked,
        }
        decoder = {
            "latent_dim": self.latent_dim,
            "out_shape": setting.schema.shape,
            "outputs": setting.likelihood.outputs,
            "hidden": hidden[::-1],
            "activation": self.activation,
            "tied": self.tied,
        }
        return Autoencoder(
            encoder=catalogue.make("encoders", "stacked", encoder),
            bottleneck=Identity(self.latent_dim),
            decoder=catalogue.make("decoders", "stacked", decoder),
            likelihood=setting.likelihood,
            terms=[Reconstruction()],
        )
