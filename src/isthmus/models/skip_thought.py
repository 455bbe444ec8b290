"""The encoder of sentences whose codes write those around them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from isthmus.architecture import Setting
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.identity import Identity
from isthmus.data.examples import Examples
from isthmus.data.labels import Condition
from isthmus.data.neighbours import BACKWARD, FORWARD, Neighbours
from isthmus.errors import check
from isthmus.likelihoods.categorical import Categorical
from isthmus.neighbour_estimator import NeighbourEstimator
from isthmus.search_ranges import PURPOSE, Choices, Numbers, Range
from isthmus.sequence_estimator import BAG_OF_WORDS
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer

Direction = Literal["next", "previous"]
DIRECTIONS = Condition.learn([FORWARD, BACKWARD])


class SkipThought(NeighbourEstimator):
    """Skip-thought vectors: from the code of a sentence a writer makes the next one, or the one before.

    One writer for both, which is told the direction; the code is the same for both.

    Source: Kiros et al. 2015, Skip-thought vectors, NeurIPS, equation 10.

    Parameters
    ----------
    latent_dim : numbers in the code.
    symbol_dropout : share of the symbols before that the writer does not see in training, so that it needs the code.
    encoder_rate : the reader's learning rate, as a multiple of the writer's.
    tokeniser, max_length : as for ``SequenceAE``.
    network : ``"auto"`` (a transformer that starts as a bag of words), ``"recurrent"``, or a mapping:
        ``{"name": "transformer", "width": 256, "depth": 1, "decoder": {"width": 128}}``.
    trainer, random_state : as for ``AE``.

    >>> import isthmus as im
    >>> story = ["the cat sat", "it ran", "a dog came", "the cat left"] * 5
    >>> small = {"width": 16, "depth": 1}
    >>> model = im.SkipThought(8, tokeniser="whitespace", network=small, trainer=im.Trainer(epochs=1)).fit(story)
    >>> model.transform(["the dog sat"]).shape, len(model.predict(["it ran"], direction="previous"))
    ((1, 8), 1)
    """

    directions: ClassVar[tuple[str, ...]] = (FORWARD, BACKWARD)

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Choices(128, 256, 512, told_by=PURPOSE),
        "encoder_rate": Numbers(0.01, 1.0, log=True, told_by=PURPOSE),
    }

    def __init__(
        self,
        latent_dim: int = 256,
        *,
        symbol_dropout: float = 0.0,
        encoder_rate: float = 0.1,
        tokeniser: Any = "bpe",
        max_length: int | Literal["auto"] = "auto",
        network: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.symbol_dropout, self.encoder_rate = latent_dim, symbol_dropout, encoder_rate
        self.tokeniser, self.max_length = tokeniser, max_length
        self.network, self.trainer, self.random_state = network, trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> z``, ``z, direction -> writer -> p(symbol of the neighbour | z, direction, symbols before)``."""
        both: dict[str, Any] = {
            "features": self.latent_dim,
            "symbol_dropout": self.symbol_dropout,
            "otherwise": "transformer",
            "known": BAG_OF_WORDS,
        }
        return Autoencoder(
            encoder=self._networks(replace(setting, condition_dim=0), **both).encoder,  # it reads for both directions
            bottleneck=Identity(self.latent_dim),
            decoder=self._networks(setting, **both).decoder,
            likelihood=Categorical(setting.schema.levels, ordered=False),
            terms=[Reconstruction()],
            rates={"encoder.": self.encoder_rate},
        )

    def predict(self, X: Any, *, direction: Direction = "next", beams: int = 1) -> NDArray[np.object_]:
        """The sentence that is written to follow each of X, or to come before: by greed or by ``beams``."""
        check_is_fitted(self)
        return np.asarray(self._rewritten(X, _known(direction), beams), dtype=object)

    def score_samples(self, X: Any, y: Any = None, *, direction: Direction = "next") -> NDArray[np.float32]:
        """log p(y | x), nats, for each pair: y stands behind x, or before. Raises ``DataError``, ``ParameterError``."""
        check("SkipThought.score_samples", (y is not None, "y is None; expected the neighbour of each sentence of X"))
        return self._pair_scores(X, y, _known(direction))

    def _learn_condition(self, y: Neighbours, examples: Examples) -> Condition:
        return DIRECTIONS

    def _condition(self, condition: Any, count: int) -> torch.Tensor:
        """``[count, 2]``: the direction in which is written; zeros where nothing is."""
        if condition is None:
            return torch.zeros(count, DIRECTIONS.width, device=self._device)
        given = [condition] * count if isinstance(condition, str) else condition
        return DIRECTIONS.encode(given).to(self._device)


def _known(direction: Direction) -> Direction:
    told = f"direction is {direction!r}; expected 'next' or 'previous'"
    check("SkipThought", (direction in (FORWARD, BACKWARD), told))
    return direction
