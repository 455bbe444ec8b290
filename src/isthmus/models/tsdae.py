"""The denoising encoder of sentences."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from isthmus.architecture import Setting
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.identity import Identity
from isthmus.search_ranges import PURPOSE, Choices, Numbers, Range
from isthmus.sequence_estimator import BAG_OF_WORDS, SequenceEstimator
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer

SLOWLY = 0.03  # of the learning rate: what starts as a bag of words is not to forget it


class TSDAE(SequenceEstimator):
    """Sentences as vectors, learnt without labels: most tokens are left out, and one vector must tell them all.

    The writer sees nothing of the sentence but that vector, so that what it means has to be in there. ``transform``
    reads whole sentences; those that mean alike have codes with a small angle between them.

    Where no language model was trained before, the reader starts as a bag of words, in which frequent tokens count
    little, and learns slowly.

    Source: Wang et al. 2021, TSDAE: using transformer-based sequential denoising auto-encoder for unsupervised sentence
    embedding learning, Findings of EMNLP; the start: Arora et al. 2017, A simple but tough-to-beat baseline for
    sentence embeddings.

    Parameters
    ----------
    latent_dim : numbers in the vector.
    corruption : what happens to the tokens: ``"token_deletion"`` (of 0.6 of them), or a mapping with a name and
        arguments.
    symbol_dropout : share of the symbols before that the writer does not see in training, so that it needs the vector.
    encoder_rate : the reader's learning rate, as a multiple of the writer's; ``"auto"``: 0.03 where it starts as a bag
        of words (a transformer), 1 where it starts from nothing.
    tokeniser, max_length : as for ``SequenceAE``.
    network : ``"auto"`` (a transformer), ``"transformer"``, ``"recurrent"``, or a mapping:
        ``{"name": "transformer", "width": 256, "depth": 1, "decoder": {"width": 128}}``; ``"pooling": "mean"`` is for a
        transformer that starts from nothing.
    trainer, random_state : as for ``AE``.

    >>> import isthmus as im
    >>> texts = ["the cat sat", "the dog sat", "a cat ran", "a dog ran"] * 5
    >>> small = {"width": 16, "depth": 1}
    >>> model = im.TSDAE(8, tokeniser="whitespace", network=small, trainer=im.Trainer(epochs=1)).fit(texts)
    >>> model.transform(["a cat sat"]).shape
    (1, 8)
    """

    tuned_by: ClassVar[str | None] = "knn"
    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Choices(128, 256, 512, told_by=PURPOSE),
        "symbol_dropout": Numbers(0.0, 0.5, told_by=PURPOSE),
    }

    def __init__(
        self,
        latent_dim: int = 256,
        *,
        corruption: Any = "token_deletion",
        symbol_dropout: float = 0.0,
        encoder_rate: float | Literal["auto"] = "auto",
        tokeniser: Any = "bpe",
        max_length: int | Literal["auto"] = "auto",
        network: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.corruption, self.symbol_dropout = latent_dim, corruption, symbol_dropout
        self.encoder_rate = encoder_rate
        self.tokeniser, self.max_length = tokeniser, max_length
        self.network, self.trainer, self.random_state = network, trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``x, spoilt -> reader -> z -> writer -> p(symbol | z, symbols before)`` of the whole x; reconstruction."""
        rate = self.encoder_rate
        networks = self._networks(
            setting,
            features=self.latent_dim,
            symbol_dropout=self.symbol_dropout,
            otherwise="transformer",
            known=BAG_OF_WORDS,
        )
        bag = networks.encoder.arguments.get("pooling") == "frequency"
        return Autoencoder(
            encoder=networks.encoder,
            bottleneck=Identity(self.latent_dim),
            decoder=networks.decoder,
            likelihood=setting.likelihood,
            terms=[Reconstruction()],
            corruption=self._spoiling(self.corruption, setting),
            rates={"encoder.": (SLOWLY if bag else 1.0) if rate == "auto" else rate},
        )
