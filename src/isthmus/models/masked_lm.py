"""The masked language model."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import torch

from isthmus.architecture import Setting, make_part, named
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.identity import Identity
from isthmus.corruptions.token_masking import TokenMasking
from isthmus.data.schemas.text import END, MASK, SPECIAL, UNKNOWN
from isthmus.decoders.token_head import TokenHead
from isthmus.errors import DataError, check
from isthmus.layers.mean_of_places import mean_of_places
from isthmus.records import Code, View
from isthmus.sequence_estimator import SequenceEstimator
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.trainer import Trainer

GAP = "[MASK]"


class MaskedLM(SequenceEstimator):
    """Masked language model: some tokens are hidden, those around them tell which they were.

    ``transform`` gives the mean of the tokens' features, ``fill`` the likeliest tokens for gaps. Nothing leads from a
    code of the whole back to a text.

    Source: Devlin et al. 2019, BERT, NAACL; masks drawn anew at every step: Liu et al. 2019, RoBERTa; spans: Joshi et
    al. 2020, SpanBERT.

    Parameters
    ----------
    latent_dim : numbers that tell of a token; as many features ``transform`` gives.
    share : of the tokens that is hidden, in (0, 1).
    span : mean number of tokens hidden in a row; 1: each for itself.
    tokeniser, max_length : as for ``SequenceAE``.
    network : ``"auto"`` (a transformer), ``"transformer"``, ``"recurrent"``, or a mapping:
        ``{"name": "transformer", "width": 128, "depth": 2, "heads": 4}``.
    trainer, random_state : as for ``AE``.

    >>> import isthmus as im
    >>> texts = ["the cat sat", "the dog sat", "a cat ran", "a dog ran"] * 5
    >>> small = {"width": 16, "depth": 1}
    >>> model = im.MaskedLM(8, tokeniser="whitespace", network=small, trainer=im.Trainer(epochs=1)).fit(texts)
    >>> model.transform(texts).shape, len(model.fill(["the [MASK] sat"])[0].split())
    ((20, 8), 3)
    """

    decodes: ClassVar[bool] = False

    def __init__(
        self,
        latent_dim: int = 128,
        *,
        share: float = 0.15,
        span: float = 1.0,
        tokeniser: Any = "bpe",
        max_length: int | Literal["auto"] = "auto",
        network: Any = "auto",
        trainer: Trainer | None = None,
        random_state: Any = 0,
    ) -> None:
        self.latent_dim, self.share, self.span = latent_dim, share, span
        self.tokeniser, self.max_length = tokeniser, max_length
        self.network, self.trainer, self.random_state = network, trainer, random_state

    def build(self, setting: Setting) -> Autoencoder:
        """``tokens, some of them hidden -> features of each -> p(token)``, judged by those that were hidden."""
        check("MaskedLM", (0 < self.share < 1, f"share is {self.share!r}; expected a share in (0, 1)"))
        levels = setting.schema.levels
        known = {"in_shape": setting.schema.shape, "out_dim": self.latent_dim, "levels": levels, "flatten": False}
        return Autoencoder(
            encoder=make_part("encoders", named(self.network, "transformer"), known),
            bottleneck=Identity(self.latent_dim),
            decoder=TokenHead(self.latent_dim, setting.schema.shape, levels),
            likelihood=setting.likelihood,
            terms=[Reconstruction()],
            corruption=TokenMasking(MASK, levels, self.share, self.span, keep=(END,)),
        )

    def fill(self, texts: Sequence[str]) -> list[str]:
        """Texts with gaps written ``[MASK]``, one for each token, filled with the likeliest tokens.

        Gaps are filled all at once, each as if the others stayed gaps. Raises ``DataError`` where a text has none.
        """
        without = [row for row, text in enumerate(texts) if GAP not in text]
        if without:
            raise DataError(f"{len(without)} of {len(texts)} texts have no gap {GAP!r}: row {without[0]}, for example")
        return [self._filled(text) for text in texts]

    def _filled(self, text: str) -> str:
        schema, model = self._text_schema, self.autoencoder_
        known = schema.tokeniser.numbers(text.split(GAP))
        symbols = [*self._symbols(known[0])]
        for part in known[1:]:
            symbols += [MASK, *self._symbols(part)]
        if len(symbols) >= schema.shape[0]:
            raise DataError(f"{text!r:.60} has {len(symbols)} tokens; the model takes {schema.shape[0] - 1}")
        x = torch.tensor([[*symbols, END]], device=self._device)
        with torch.no_grad():
            view = View(x=x, valid=torch.ones_like(x, dtype=torch.bool))
            scores = model.decode(model.bottleneck.mode(model.encoder(view), view))
        scores[:, :SPECIAL] = -torch.inf
        return str(schema.from_model(torch.where(x == MASK, scores.argmax(1), x))[0])

    def _symbols(self, numbers: Sequence[int]) -> list[int]:
        return [number + SPECIAL if number >= 0 else UNKNOWN for number in numbers]

    @property
    def _n_features_out(self) -> int:
        return int(self.autoencoder_.code_shape[-1])

    def _laid_out(self, code: Code) -> torch.Tensor:
        """The mean of the tokens' features."""
        return mean_of_places(code.z.float(), code.valid)
