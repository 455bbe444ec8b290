"""The masked language model."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

import torch
from sklearn.utils.validation import check_is_fitted

from isthmus.architecture import Setting, make_part, named
from isthmus.autoencoder import Autoencoder
from isthmus.bottlenecks.identity import Identity
from isthmus.corruptions.token_masking import TokenMasking
from isthmus.data.candidate import Candidate
from isthmus.data.schemas.text import END, MASK, SPECIAL, symbols_of
from isthmus.data.text_values import checked_texts
from isthmus.decoders.token_head import TokenHead
from isthmus.errors import DataError, check
from isthmus.search_ranges import PURPOSE, Choices, Numbers, Range
from isthmus.sequence_estimator import SequenceEstimator
from isthmus.terms.reconstruction import Reconstruction
from isthmus.training.resident import Resident
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
    writes: ClassVar[bool] = False
    pooled: ClassVar[bool] = True

    search: ClassVar[Mapping[str, Range]] = {
        "latent_dim": Choices(64, 128, 256, told_by=PURPOSE),
        "share": Numbers(0.1, 0.5, told_by=PURPOSE),
    }

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

        Gaps are filled all at once, each as if the others stayed gaps; the rest of a text stays as it is, also what the
        model does not know, of which it warns. Raises ``DataError`` where a text has none.
        """
        filled: list[str] = []
        texts = self._with_gaps_in("fill", texts)
        for symbols, scores in self._scored(texts):
            best = scores.argmax(1)  # [batch, length]
            filled += [
                self._with_tokens(texts[len(filled) + row], best[row][gaps].tolist())
                for row, gaps in enumerate(symbols == MASK)
            ]
        return filled

    def candidates(self, texts: Sequence[str], k: int = 5) -> list[list[list[Candidate]]]:
        """For each text, for each of its gaps, the ``k`` likeliest tokens, the likeliest first.

        Raises ``DataError`` where a text has no gap, ``ParameterError``.

        >>> import isthmus as im
        >>> small = {"trainer": im.Trainer(epochs=1), "network": {"width": 16, "depth": 1}, "tokeniser": "whitespace"}
        >>> model = im.MaskedLM(8, **small).fit(["the cat sat", "the dog sat", "a cat ran"] * 5)
        >>> ((found,),) = model.candidates(["the [MASK] sat"], k=3)
        >>> len(found), found[0].probability >= found[1].probability
        (3, True)
        """
        check_is_fitted(self)
        known = self._text_schema.levels - SPECIAL
        check("MaskedLM.candidates", (1 <= k <= known, f"k is {k!r}; expected 1 to {known}, the tokens it knows"))
        found: list[list[list[Candidate]]] = []
        for symbols, scores in self._scored(self._with_gaps_in("candidates", texts)):
            best = scores.softmax(1).topk(k, dim=1)  # [batch, k, length]
            for row, gaps in enumerate(symbols == MASK):
                places = gaps.nonzero().flatten().tolist()
                found.append([self._told(best.indices[row, :, i], best.values[row, :, i]) for i in places])
        return found

    def _told(self, symbols: torch.Tensor, shares: torch.Tensor) -> list[Candidate]:
        tokens = (self._text_schema.tokeniser.text([symbol - SPECIAL]) for symbol in symbols.tolist())
        return [Candidate(token=t, probability=p) for t, p in zip(tokens, shares.tolist(), strict=True)]

    def _with_gaps_in(self, job: str, texts: Sequence[str]) -> list[str]:
        """As a list, each with a gap or more; raises ``DataError``, and warns of tokens that are not known."""
        check_is_fitted(self)
        check(f"MaskedLM.{job}", (not isinstance(texts, str), f"texts is {texts!r:.60}; expected a list of texts"))
        listed: list[str] = checked_texts(texts, told="texts").tolist()
        without = [row for row, text in enumerate(listed) if GAP not in text]
        if without:
            raise DataError(f"{len(without)} of {len(listed)} texts have no gap {GAP!r}: row {without[0]}, for example")
        self._text_schema.tell_unknown([part for text in listed for part in self._parts_of(text) if part])
        return listed

    @torch.no_grad()
    def _scored(self, texts: Sequence[str]) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Symbols with gaps, ``[batch, length]``, and the scores of all symbols there, ``[batch, levels, length]``."""
        schema, model = self._text_schema, self.autoencoder_
        stored = schema.filled_up([self._with_gaps(text) for text in texts])
        rows = Resident(stored, prepare=schema.to_model, padding=schema.padding).to(self._device)
        for batch in rows.batches(self._rows_at_once):
            scores = model.decode(model.encode(batch))
            scores[:, :SPECIAL] = -torch.inf
            yield batch.x, scores

    def _parts_of(self, text: str) -> list[str]:
        """What is before, between and after its gaps."""
        parts = text.split(GAP)
        if self._text_schema.tokeniser.takes_blanks:  # the blank before a gap is part of what is missing
            return [*(part.removesuffix(" ") for part in parts[:-1]), parts[-1]]
        return parts

    def _with_tokens(self, text: str, symbols: Sequence[int]) -> str:
        """A text with its gaps as these symbols; those of gaps with nothing between are written together."""
        tokeniser, (made, *others) = self._text_schema.tokeniser, self._parts_of(text)
        together: list[int] = []
        for symbol, part in zip(symbols, others, strict=True):
            together.append(symbol - SPECIAL)
            if part:
                made, together = made + tokeniser.text(together) + part, []
        return made + tokeniser.text(together) if together else made

    def _with_gaps(self, text: str) -> list[int]:
        """The symbols of a text, a mask for each gap, and the end."""
        schema = self._text_schema
        first, *others = schema.tokeniser.numbers(self._parts_of(text))
        symbols = symbols_of(first)
        for part in others:
            symbols += [MASK, *symbols_of(part)]
        if len(symbols) >= schema.shape[0]:
            raise DataError(f"{text!r:.60} has {len(symbols)} tokens; the model takes {schema.shape[0] - 1}")
        return [*symbols, END]
