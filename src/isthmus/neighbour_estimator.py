"""Models of sentences that learn from those that stand next to each other."""

from __future__ import annotations

from abc import ABC
from dataclasses import replace
from typing import Any, ClassVar, Self

from isthmus.data.examples import Examples
from isthmus.data.kinds import check_kind, check_many
from isthmus.data.neighbours import Neighbours, neighbours, tell_scattered
from isthmus.data.reading import read_and_tell
from isthmus.data.schema import Schema
from isthmus.data.schemas.text import check_texts
from isthmus.data.text_values import holds_documents
from isthmus.errors import DataError
from isthmus.sequence_estimator import SequenceEstimator
from isthmus.training.rows import Rows


class NeighbourEstimator(SequenceEstimator, ABC):
    """A model of sentences; X is a text, one sentence after the other, and no sentence leads back from a code."""

    in_order: ClassVar[bool] = True
    decodes: ClassVar[bool] = False
    writes: ClassVar[bool] = False

    def fit(self, X: Any, y: Any = None, *, groups: Any = None, resume: bool = False) -> Self:
        """Learn from the sentences X, in their order; ``groups`` says of each which document it is of;
        by default the labels that X may have.

        No pair crosses from one document to another; the sentences of a document stand next to each other. y is not
        looked at. Raises ``DataError`` (fewer than two consecutive sentences), ``ParameterError`` and
        ``TrainingError``.
        """
        self._check_parameters()
        examples, owner = self._sentences(X), type(self).__name__
        groups = examples.labels if groups is None else groups  # a data set's, or a column's
        pairs = neighbours(examples.values, groups, owner=owner)
        self._check_sentences(examples)
        if groups is not None:
            tell_scattered(groups)
        super().fit(pairs.texts, pairs, resume=resume)
        self.schema_ = self._text_schema.of_texts(examples.values.tolist())
        self.condition_ = self.target_ = None  # of pairs; what is asked from now on is about sentences
        return self

    def _sentences(self, X: Any) -> Examples:
        """X as texts, one sentence each; raises ``DataError``."""
        owner = type(self).__name__
        if holds_documents(X):
            raise DataError(
                f"X is {len(X)} lists of sentences; {owner} takes the sentences of all documents in one list, and "
                f"groups that say which document each is of: {owner}().fit([s for d in X for s in d], "
                "groups=[i for i, d in enumerate(X) for _ in d])"
            )
        check_many(X, self.takes, owner=owner)
        examples = read_and_tell(X)
        check_kind(examples, self.takes, owner=owner)
        return examples

    def _check_sentences(self, examples: Examples) -> None:
        """Refuse empty sentences, and long ones, by their rows in X; later they are rows of pairs."""
        check_texts(examples.values.tolist(), type(self).__name__)
        if self.max_length != "auto":
            self._learn_schema(examples, "none")

    def _learn_target(self, y: Neighbours, schema: Schema) -> Schema:
        """Sentences like those that are read: all of them are neighbours, too."""
        return schema

    def _judged_rows(self, examples: Examples) -> Rows:
        """Pairs, as in ``fit``; raises ``DataError`` where no two sentences are neighbours."""
        pairs = neighbours(examples.values, examples.labels, owner=type(self).__name__)
        texts, others = (replace(examples, values=values, labels=None) for values in (pairs.texts, pairs.others))
        told = self._learn_condition(pairs, texts)
        return self._resident(texts, None if told is None else pairs.direction, target=self.schema_.store(others))

    def _wanted(self, y: Neighbours) -> Any:
        return y.others

    def _given(self, y: Neighbours) -> Any:
        return y.direction
