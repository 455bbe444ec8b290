"""The encoder of sentences that finds which of them are neighbours."""

import copy
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import torch
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from isthmus.architecture import Setting, make_part, named
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.identity import Identity
from isthmus.neighbour_estimator import NeighbourEstimator
from isthmus.records import Batch
from isthmus.search_ranges import PURPOSE, Choices, Numbers, Range
from isthmus.sequence_estimator import BAG_OF_WORDS
from isthmus.terms.neighbours import Neighbours
from isthmus.training.trainer import Trainer


class QuickThought(NeighbourEstimator):
    """Quick-thought vectors: of two sentences' codes the dot product tells whether they are neighbours in a text.

    One encoder reads a sentence, another one those next to it; nothing is written. ``transform`` gives the codes of the
    first.

    Source: Logeswaran & Lee 2018, An efficient framework for learning sentence representations, ICLR.

    Parameters
    ----------
    latent_dim : numbers in the code.
    group : sentences among which a neighbour is to be found.
    encoder_rate : learning rate of both encoders, as a multiple of the trainer's.
    tokeniser, max_length : as for ``SequenceAE``.
    network : of both encoders: ``"auto"`` (a transformer that starts as a bag of words), ``"recurrent"``, or a mapping:
        ``{"name": "transformer", "width": 256, "depth": 1, "pooling": "mean"}``.
    trainer, random_state : as for ``AE``.

    >>> import isthmus as im
    >>> story = ["the cat sat", "it ran", "a dog came", "the cat left"] * 5
    >>> small = {"width": 16, "depth": 1}
    >>> model = im.QuickThought(8, tokeniser="whitespace", network=small, trainer=im.Trainer(epochs=1)).fit(story)
    >>> model.transform(["the dog sat"]).shape, model.neighbour_scores(["it ran"], story[:3]).shape
    ((1, 8), (1, 3))
    """

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Choices(128, 256, 512, told_by=PURPOSE),
        "encoder_rate": Numbers(0.01, 1.0, log=True, told_by=PURPOSE),
    }

    def __init__(
        self,
        latent_dim: int = 256,
        *,
        group: int = 128,
        encoder_rate: float = 0.1,
        tokeniser: Any = "bpe",
        max_length: int | Literal["auto"] = "auto",
        network: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.group, self.encoder_rate = latent_dim, group, encoder_rate
        self.tokeniser, self.max_length = tokeniser, max_length
        self.network, self.trainer, self.random_state = network, trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x -> z``, ``neighbour -> z'``; the information between them, by which z finds z' in a batch."""
        rate = self.encoder_rate
        known = {"in_shape": setting.schema.shape, "out_dim": self.latent_dim, "levels": setting.schema.levels}
        encoder = make_part("encoders", named(self.network, "transformer"), {**BAG_OF_WORDS, **known})
        return Autoencoder(
            encoder=encoder,
            bottleneck=Identity(self.latent_dim),
            terms=[Neighbours(copy.deepcopy(encoder), self.group)],  # alike at the start: shared words are found
            rates={"encoder.": rate, "terms.": rate},
        )

    def neighbour_scores(self, X: Any, candidates: Any) -> NDArray:
        """How likely each of m ``candidates`` stands next to each sentence of X: ``[n, m]``.

        Log-probabilities in nats, but for a constant of each row. Raises ``DataError``.
        """
        check_is_fitted(self)
        (term,) = self.autoencoder_.terms
        assert isinstance(term, Neighbours)

        def read(batch: Batch, _: int) -> torch.Tensor:
            return term.read(batch)

        others = self._by_batch(self._examples(candidates), None, read)
        return term.scores(torch.from_numpy(self.transform(X)), others).numpy()
