"""The denoising encoder of sentences."""

from typing import Any, Literal

from isthmus.architecture import Setting
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.identity import Identity
from isthmus.sequence_estimator import SequenceEstimator
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class TSDAE(SequenceEstimator):
    """Sentences as vectors, learnt without labels: most tokens are left out, and one vector must tell them all.

    The writer sees nothing of the sentence but that vector, so that what it means has to be in there. ``transform``
    reads whole sentences; those that mean alike have codes with a small angle between them.

    Source: Wang et al. 2021, TSDAE: using transformer-based sequential denoising auto-encoder for unsupervised sentence
    embedding learning, Findings of EMNLP.

    Parameters
    ----------
    latent_dim : numbers in the vector.
    corruption : what happens to the tokens: ``"token_deletion"`` (of 0.6 of them), or a mapping with a name and
        arguments.
    symbol_dropout : share of the symbols before that the writer does not see in training, so that it needs the vector.
    tokeniser, max_length : as for ``SequenceAE``.
    network : ``"auto"`` (a transformer), ``"transformer"``, ``"recurrent"``, or a mapping:
        ``{"name": "transformer", "width": 128, "depth": 2, "decoder": {"depth": 1}}``.
    trainer, random_state : as for ``AE``.

    >>> import isthmus as im
    >>> texts = ["the cat sat", "the dog sat", "a cat ran", "a dog ran"] * 5
    >>> small = {"width": 16, "depth": 1}
    >>> model = im.TSDAE(8, tokeniser="whitespace", network=small, trainer=im.Trainer(epochs=1)).fit(texts)
    >>> model.transform(["a cat sat"]).shape
    (1, 8)
    """

    def __init__(
        self,
        latent_dim: int = 256,
        *,
        corruption: Any = "token_deletion",
        symbol_dropout: float = 0.0,
        tokeniser: Any = "bpe",
        max_length: int | Literal["auto"] = "auto",
        network: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.corruption, self.symbol_dropout = latent_dim, corruption, symbol_dropout
        self.tokeniser, self.max_length = tokeniser, max_length
        self.network, self.trainer, self.random_state = network, trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x, spoilt -> reader -> z -> writer -> p(symbol | z, symbols before)`` of the whole x; reconstruction."""
        networks = self._networks(
            setting, features=self.latent_dim, symbol_dropout=self.symbol_dropout, otherwise="transformer"
        )
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Identity(self.latent_dim),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            terms=[Reconstruction()],
            corruption=self._spoiling(self.corruption, setting),
        )
