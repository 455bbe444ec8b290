"""From one text to another."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from isthmus.architecture import Setting
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.identity import Identity
from isthmus.data.schema import Schema
from isthmus.data.schemas.text import TextSchema
from isthmus.errors import ParameterError
from isthmus.likelihoods.categorical import Categorical
from isthmus.search_ranges import Choices, Range
from isthmus.sequence_estimator import SequenceEstimator, check_pairs, other_texts
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer


class Seq2Seq(SequenceEstimator):
    """Encoder-decoder transformer: texts X are read, texts y are written; translation, summaries, corrections.

    The composition of DenoisingSequenceAE with another text as its target; y has a vocabulary of its own.

    Source: Vaswani et al. 2017, Attention is all you need, NeurIPS.

    Parameters
    ----------
    latent_dim : numbers that tell of a place of what is read.
    tokeniser, max_length : as for ``SequenceAE``; of both texts.
    network : ``"auto"`` (a transformer) or a mapping: ``{"width": 128, "depth": 2, "decoder": {"depth": 1}}``.
    trainer, random_state : as for ``AE``.

    >>> import isthmus as im
    >>> words = ["sat", "cat", "hat", "tan", "ant"] * 5
    >>> small = {"width": 16, "depth": 1}
    >>> backwards = im.Seq2Seq(8, tokeniser="characters", network=small, trainer=im.Trainer(epochs=1))
    >>> len(backwards.fit(words, [word[::-1] for word in words]).predict(["sat", "tan"]))
    2
    """

    supervised: ClassVar[bool] = True
    decodes: ClassVar[bool] = False
    pooled: ClassVar[bool] = True
    writes: ClassVar[bool] = False

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Choices(64, 128, 256),
    }

    def __init__(
        self,
        latent_dim: int = 128,
        *,
        tokeniser: Any = "bpe",
        max_length: int | Literal["auto"] = "auto",
        network: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.tokeniser, self.max_length = latent_dim, tokeniser, max_length
        self.network, self.trainer, self.random_state = network, trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> features of each place -> writer that attends to them -> p(symbol of y | places, symbols before)``."""
        target = setting.target
        assert isinstance(target, TextSchema)
        likelihood = Categorical(target.levels, ordered=False)
        networks = self._networks(
            replace(setting, likelihood=likelihood),
            features=self.latent_dim,
            otherwise="transformer",
            code="grid",
            out=target,
        )
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Identity(self.latent_dim),
            decoder=networks.decoder,
            likelihood=likelihood,
            terms=[Reconstruction()],
        )

    def predict(self, X: Any, *, beams: int = 1) -> NDArray[np.object_]:
        """The text that is written for each of X, by greed or by ``beams``."""
        return np.asarray(self._rewritten(X, None, beams), dtype=object)

    def score_samples(self, X: Any, y: Any = None) -> NDArray[np.float32]:
        """log p(y | x) in nats for each pair of texts; raises ``ParameterError`` without y."""
        if y is None:
            raise ParameterError("Seq2Seq.score_samples wants the texts y whose likelihood is asked for")
        return self._pair_scores(X, y)

    def score(self, X: Any, y: Any = None) -> float:
        """The mean of ``score_samples``: what ``GridSearchCV`` makes as large as it can."""
        return float(self.score_samples(X, y).mean())

    @property
    def _text_written(self) -> TextSchema:
        assert isinstance(self.target_, TextSchema)
        return self.target_

    def _learn_target(self, y: Any, schema: Schema) -> TextSchema:
        if y is None:
            raise ParameterError("Seq2Seq requires y to be passed, but the target y is None: the text for each of X")
        wanted = other_texts(y, owner="Seq2Seq")
        check_pairs(schema.count, len(wanted))
        return self._learn_schema(wanted, "none")
