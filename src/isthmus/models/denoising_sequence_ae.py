"""The denoising autoencoder of texts."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from sklearn.utils.validation import check_is_fitted

from isthmus.architecture import Setting
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.identity import Identity
from isthmus.search_ranges import PURPOSE, Choices, Range
from isthmus.sequence_estimator import SequenceEstimator
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class DenoisingSequenceAE(SequenceEstimator):
    """Spoilt texts are read, and written as they were: tokens missing, behind a mask, or out of order.

    The writer attends to every place of what was read. ``reconstruct`` mends texts, ``transform`` gives the mean of the
    places' features. Nothing leads from that mean back to a text: for a code of the whole take SequenceAE or TSDAE.

    Source: Lewis et al. 2020, BART: denoising sequence-to-sequence pre-training, ACL.

    Parameters
    ----------
    latent_dim : numbers that tell of a place; as many features ``transform`` gives.
    corruption : ``"infilling"``, ``"token_deletion"``, ``"token_permutation"``, ``"token_rotation"``, or a mapping with
        a name and arguments, such as ``{"name": "infilling", "share": 0.3, "span": 3}``.
    tokeniser, max_length : as for ``SequenceAE``.
    network : ``"auto"`` (a transformer) or a mapping: ``{"width": 128, "depth": 2, "decoder": {"depth": 1}}``.
    trainer, random_state : as for ``AE``.

    >>> import isthmus as im
    >>> texts = ["the cat sat", "the dog sat", "a cat ran", "a dog ran"] * 5
    >>> small = {"width": 16, "depth": 1}
    >>> model = im.DenoisingSequenceAE(8, tokeniser="whitespace", network=small, trainer=im.Trainer(epochs=1))
    >>> model.fit(texts).transform(texts).shape, len(model.reconstruct(texts))
    ((20, 8), 20)
    """

    decodes: ClassVar[bool] = False
    pooled: ClassVar[bool] = True

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Choices(64, 128, 256, told_by=PURPOSE),
    }

    def __init__(
        self,
        latent_dim: int = 128,
        *,
        corruption: Any = "infilling",
        tokeniser: Any = "bpe",
        max_length: int | Literal["auto"] = "auto",
        network: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.corruption = latent_dim, corruption
        self.tokeniser, self.max_length = tokeniser, max_length
        self.network, self.trainer, self.random_state = network, trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x, spoilt -> features of each place -> writer -> p(symbol | places, symbols before)``."""
        networks = self._networks(setting, features=self.latent_dim, otherwise="transformer", code="grid")
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Identity(self.latent_dim),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            terms=[Reconstruction()],
            corruption=self._spoiling(self.corruption, setting),
        )

    def reconstruct(self, X: Any, condition: Any = None, *, beams: int = 1) -> Any:
        """X, read and written again: what is spoilt comes back mended; a series where X is one."""
        check_is_fitted(self)
        return self._rewritten(X, condition, beams)
