"""The autoencoder of texts: read, squeeze, write."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from isthmus.architecture import Setting
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.identity import Identity
from isthmus.search_ranges import CAPACITY, Integers, Numbers, Range
from isthmus.sequence_estimator import SequenceEstimator
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class SequenceAE(SequenceEstimator):
    """Autoencoder of texts: a reader makes one code of the whole, a writer writes the text again, symbol by symbol.

    In training the writer sees the text so far, at use what it has written itself.

    Source: Sutskever et al. 2014, Sequence to sequence learning with neural networks; Dai & Le 2015, Semi-supervised
    sequence learning (the sequence autoencoder).

    Parameters
    ----------
    latent_dim : numbers in the code.
    symbol_dropout : share of the symbols before that the writer does not see in training, so that it needs the code.
    tokeniser : ``"characters"``, ``"bytes"``, ``"whitespace"``, ``"bpe"`` (byte pairs, by the tokenizers library), or a
        mapping with a name and a ``size`` of the vocabulary.
    max_length : tokens of the longest text that is taken, in ``fit`` and later; ``"auto"``: those of the longest in
        ``fit``, half as many again, and 8.
    network : ``"auto"`` (recurrent), ``"recurrent"``, ``"transformer"``, or a mapping:
        ``{"name": "transformer", "width": 128, "depth": 2, "decoder": {"depth": 1}}``.
    trainer, random_state : as for ``AE``.

    >>> import isthmus as im
    >>> names = ["anna", "hanna", "hannah", "susanna"] * 5
    >>> model = im.SequenceAE(4, network={"width": 16}, trainer=im.Trainer(epochs=1)).fit(names)
    >>> model.transform(["anna"]).shape, model.reconstruct(names).shape
    ((1, 4), (20,))
    """

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Integers(16, 256, log=True, told_by=CAPACITY),
        "symbol_dropout": Numbers(0.0, 0.5),
    }

    def __init__(
        self,
        latent_dim: int = 64,
        *,
        symbol_dropout: float = 0.0,
        tokeniser: Any = "characters",
        max_length: int | Literal["auto"] = "auto",
        network: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.symbol_dropout = latent_dim, symbol_dropout
        self.tokeniser, self.max_length = tokeniser, max_length
        self.network, self.trainer, self.random_state = network, trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> reader -> z -> writer -> p(symbol | z, symbols before)``; reconstruction."""
        networks = self._networks(setting, features=self.latent_dim, symbol_dropout=self.symbol_dropout)
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Identity(self.latent_dim),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            terms=[Reconstruction()],
        )
