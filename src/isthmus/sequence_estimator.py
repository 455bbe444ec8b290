"""What models of texts can do besides: write, greedily, by drawing, or by looking for the likeliest whole."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from isthmus import catalogue
from isthmus.abilities import if_it_decodes, if_there_and_back
from isthmus.architecture import Networks, Setting, make_networks, make_part, named
from isthmus.data.examples import Examples
from isthmus.data.reading import read
from isthmus.data.schemas.text import END, MASK, UNKNOWN, TextSchema
from isthmus.data.text_values import holds_texts
from isthmus.errors import DataError, check, counted
from isthmus.estimator import Estimator, check_count
from isthmus.layers.writing import Writing, written
from isthmus.records import Code, View
from isthmus.stations import Corruption, SequenceDecoder
from isthmus.training.random_stream import RandomStream
from isthmus.training.seeds import SAMPLING, derive, seed_of
from isthmus.training.trainer import Trainer

ROWS = 256  # texts that are written at a time
# of a transformer that starts as a random projection of the bag of words, for codes of that many numbers or fewer
BAG_OF_WORDS = {"pooling": "frequency", "width": 256, "depth": 1}


class SequenceEstimator(Estimator, ABC):
    """A model of texts, which a tokeniser cuts into symbols; X is a list, an array or a series of strings, or a file.

    What is written takes a ``temperature`` (0: the likeliest symbol at each place; 1: as the model has learnt), the
    ``top_k`` likeliest symbols or those with ``top_p`` of the probability to draw from, and a number of ``beams`` for
    the likeliest whole.
    """

    takes: ClassVar[tuple[str, ...]] = ("text",)
    blends: ClassVar[bool] = False
    writes: ClassVar[bool] = True

    tokeniser: Any
    max_length: int | Literal["auto"]

    def tokens(self, X: Any) -> list[list[str]]:
        """The tokens that the texts are cut into."""
        examples = self._examples(X)
        return [self._text_schema.tokeniser.pieces(text) for text in examples.values.tolist()]

    @available_if(if_it_decodes)
    def inverse_transform(
        self,
        Z: ArrayLike,
        condition: Any = None,
        *,
        temperature: float = 0.0,
        top_k: int | None = None,
        top_p: float | None = None,
        beams: int = 1,
        random_state: int | None = None,
    ) -> NDArray[np.object_]:
        """Texts written from codes ``[n, numbers]``: by default the likeliest symbol at each place."""
        check_is_fitted(self)
        codes = self._codes(Z)
        check("inverse_transform", (len(codes) > 0, "there are no codes; expected 1 or more"))
        how = _writing(temperature, top_k, top_p, beams)
        texts = []
        with torch.no_grad(), RandomStream(derive(seed_of(random_state), SAMPLING), self._device):
            for rows, given in self._parts(len(codes), condition, ROWS):
                z = codes[rows].to(self._device)
                texts.append(self._written(Code(z=z), View(x=z, condition=given), how))
        return np.concatenate(texts)

    @available_if(if_there_and_back)
    def reconstruct(self, X: Any, condition: Any = None, *, beams: int = 1) -> Any:
        """X, encoded and written again, by greed or by ``beams``; a series where X is one."""
        return self._rewritten(X, condition, beams)

    @available_if(if_it_decodes)
    def sample(
        self,
        n: int = 1,
        condition: Any = None,
        random_state: int | None = None,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        beams: int = 1,
    ) -> NDArray[np.object_]:
        """``n`` new texts: codes from the prior, then symbols from what the model has learnt, ``temperature`` 1.

        ``condition``: one for all, or n of them.
        """
        check_is_fitted(self)
        check_count(n)
        how = _writing(temperature, top_k, top_p, beams)
        texts = []
        with torch.no_grad(), RandomStream(derive(seed_of(random_state), SAMPLING), self._device):
            for rows, given in self._parts(n, condition, ROWS):
                code = self.autoencoder_.drawn(rows.stop - rows.start, given)
                texts.append(self._written(code, View(x=code.z, condition=given), how))
        return np.concatenate(texts)

    def _rewritten(self, X: Any, condition: Any, beams: int) -> Any:
        """Texts read and written again, in the container of X."""
        examples, how = self._examples(X), _writing(0.0, None, None, beams)
        texts = []
        with torch.no_grad():
            for batch in self._resident(examples, condition).to(self._device).batches(ROWS):
                view = View(x=batch.x, valid=batch.valid, condition=batch.condition)
                texts.append(self._written(self.autoencoder_.encode(batch), view, how))
        return self.schema_.give_back(np.concatenate(texts), examples)

    @torch.no_grad()
    def _pair_scores(self, X: Any, y: Any, condition: Any = None) -> NDArray[np.float32]:
        """log p(y | x), nats, for each pair of a text that is read and one that is written."""
        examples, wanted = self._examples(X), other_texts(y, owner=type(self).__name__)
        check_pairs(len(examples), len(wanted))
        batches = self._batches(examples, condition, self._text_written.store(wanted))
        return torch.cat([self.autoencoder_(batch).log_likelihood for batch in batches]).cpu().numpy()

    def _written(self, code: Code, view: View, how: Writing) -> NDArray[np.object_]:
        assert self._likelihood is not None  # refuses models that were loaded without what writes
        decoder = self.autoencoder_.decoder
        assert isinstance(decoder, SequenceDecoder)
        return self._text_written.from_model(written(decoder, code, view, how))

    @property
    def _text_written(self) -> TextSchema:
        """The schema of what is written: by default that of what is read."""
        return self._text_schema

    @property
    def _text_schema(self) -> TextSchema:
        check_is_fitted(self)
        assert isinstance(self.schema_, TextSchema)
        return self.schema_

    def _check_parameters(self) -> None:
        super()._check_parameters()
        trainer = Trainer() if self.trainer is None else self.trainer
        length, rate = self.max_length, getattr(self, "encoder_rate", 1.0)
        check(
            type(self).__name__,
            *(
                (value in (0, "auto"), f"trainer.{name} is {value!r}; texts cannot be blended or noisy: expected 0")
                for name, value in (("mix", trainer.mix), ("noise", trainer.noise))
            ),
            (length == "auto" or length >= 1, f"max_length is {length!r}; expected 1 or more tokens, or 'auto'"),
            (rate == "auto" or rate > 0, f"encoder_rate is {rate!r}; expected a positive number"),
        )

    def _wanted_likelihood(self, examples: Examples) -> dict[str, Any]:
        return {"name": "categorical", "ordered": False}

    def _learn_schema(self, examples: Examples, scaling: str) -> TextSchema:
        length = None if self.max_length == "auto" else self.max_length
        owner = type(self).__name__
        return TextSchema.learn(examples, tokeniser=self.tokeniser, max_length=length, owner=owner)

    def _networks(
        self,
        setting: Setting,
        *,
        features: int,
        symbol_dropout: float = 0.0,
        otherwise: str = "recurrent",
        code: Literal["flat", "grid"] = "flat",
        out: TextSchema | None = None,
        known: Mapping[str, Any] | None = None,
    ) -> Networks:
        """A reader, and a writer of texts like ``out``, by one code of the whole or one of each place (``"grid"``).

        ``known`` are further arguments of the model's own, for the networks that have a parameter for them.
        """
        network = named(self.network, otherwise)
        self._check_writes(network, places=code == "grid")
        return make_networks(
            network,
            setting,
            latent_dim=self.latent_dim,
            features=features,
            linear_path="none",
            code=code,
            out=out,
            known={
                "levels": setting.schema.levels,
                "end": END,
                "symbol_dropout": symbol_dropout,
                **(known or {}),
            },
        )

    def _check_writes(self, network: Any, *, places: bool) -> None:
        """Refuse networks that do not write texts, or not from a code of several places where there is one."""
        name = network.get("name") if isinstance(network, Mapping) else network
        kind = catalogue.find("decoders", name) if isinstance(name, str) else object
        fits = issubclass(kind, SequenceDecoder) and (kind.takes_places or not places)
        expected = "'transformer'" if places else "'recurrent', 'transformer'"
        why = "takes one code of the whole" if issubclass(kind, SequenceDecoder) else "does not write texts"
        told = f"network is {self.network!r:.100}, which {why}; expected {expected}, or a mapping with such a name"
        check(type(self).__name__, (fits, told))

    def _spoiling(self, wanted: Any, setting: Setting) -> Corruption:
        """A corruption of symbols, all of which are to be written; raises ``ParameterError``."""
        known = {"mask": MASK, "levels": setting.schema.levels, "keep": (END,)}
        made: Corruption = make_part("corruptions", wanted, known)
        told = f"corruption is {wanted!r:.100}; expected 'token_deletion', 'infilling', 'token_permutation' or "
        told += "'token_rotation'" + ("; MaskedLM learns from hidden tokens alone" if made.partial else "")
        check(type(self).__name__, (made.of_symbols and not made.partial, told))
        return made


def other_texts(y: Any, *, owner: str) -> Examples:
    """The texts that go with those of X; raises ``DataError`` for other things, and where some were left out."""
    given = isinstance(y, list | tuple | np.ndarray)
    wanted = None if given and not holds_texts(y) else read(y)
    if wanted is None or wanted.kind != "text":
        raise DataError(f"y is {y!r:.60}; {owner} writes texts: expected a string for each of X")
    if wanted.quarantined:
        raise DataError(
            f"y leaves out {wanted.quarantined[0]} ({counted(len(wanted.quarantined), 'input')} in all), so that X and "
            "y would no longer go together. Fill it, or take it out of both"
        )
    return wanted


def check_pairs(count: int, others: int) -> None:
    """Refuse texts that are not as many as those they belong to."""
    if count != others:
        raise DataError(f"X has {count} texts, y has {others}: expected pairs")


def _writing(temperature: float, top_k: int | None, top_p: float | None, beams: int) -> Writing:
    return Writing(temperature=temperature, top_k=top_k, top_p=top_p, beams=beams, never=(UNKNOWN, MASK))
