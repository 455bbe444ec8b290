"""Exported models at work, without PyTorch: numpy and onnxruntime are enough for tables and pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isthmus.data.examples import Examples
from isthmus.data.labels import Condition
from isthmus.data.reading import read_and_tell
from isthmus.errors import NotAvailableError, ParameterError, SavedModelError, require
from isthmus.export.description import Description, file_of, read
from isthmus.export.user_end import UserEnd, user_end

ROWS = 1024  # at a time


class Pipeline:
    """An exported model: takes what the model's ``fit`` took, and gives what its methods give.

    ``description`` says which graphs there are, of what tensors, and how near to the model each was found.
    """

    def __init__(self, description: Description, sessions: dict[str, Any], end: UserEnd) -> None:
        self.description = description
        self._sessions, self._end = sessions, end
        self._condition = None if description.condition is None else Condition.from_json(description.condition)

    def encode(self, X: Any, condition: Any = None) -> NDArray[np.float32]:
        """The codes of X, ``[n, numbers]`` float32: what ``transform`` gives. Raises ``DataError``."""
        return self._of_rows("encode", self._examples(X), condition)[0]

    def symbols(self, X: Any, condition: Any = None) -> NDArray[np.int64]:
        """The symbols of X, ``[n, *grid, symbols]`` int64, where the code is made of such."""
        found = self._of_rows("encode", self._examples(X), condition)
        if len(found) < 2:
            raise NotAvailableError(f"The codes of {self.description.model} are not made of symbols")
        return found[1]

    def decode(self, Z: ArrayLike, condition: Any = None) -> Any:
        """The expected x of codes ``[n, numbers]``, in the units of fit: what ``inverse_transform`` gives."""
        codes, numbers = np.asarray(Z), int(np.prod(self.description.code_shape))
        if codes.ndim != 2 or codes.shape[1] != numbers or codes.dtype.kind not in "biuf":
            raise ParameterError(f"Codes are {codes.dtype}, {codes.shape}; expected numbers, [n, {numbers}]")
        if not np.isfinite(codes).all():
            raise ParameterError(f"Codes contain {int((~np.isfinite(codes)).sum())} NaN or infinite values")
        return self._end.given_back(self._run("decode", codes, condition)[0], None)

    def reconstruct(self, X: Any, condition: Any = None) -> Any:
        """X, encoded and decoded; a data frame where X is one."""
        examples = self._examples(X)
        return self._end.given_back(self._of_rows("reconstruct", examples, condition)[0], examples)

    # -- inside --------------------------------------------------------------------------------------

    def _examples(self, X: Any) -> Examples:
        return read_and_tell(X)

    def _of_rows(self, graph: str, examples: Examples, condition: Any) -> list[NDArray[Any]]:
        self._session(graph)
        return self._run(graph, self._end.values(examples, self.description.model), condition)

    def _run(self, graph: str, values: NDArray[Any], condition: Any) -> list[NDArray[Any]]:
        """All outputs of a graph, put together of some rows at a time."""
        session, puts = self._session(graph), self.description.graphs[graph].inputs
        given = {puts[0].name: values.astype(puts[0].dtype, copy=False)}
        if len(puts) > 1:
            given[puts[1].name] = self._told(condition, len(values))
        elif condition is not None and self._condition is None:
            raise ParameterError(f"{self.description.model} is not conditional: it takes no condition")
        made = [session.run(None, {name: each[rows] for name, each in given.items()}) for rows in _parts(len(values))]
        return [np.concatenate(each) for each in zip(*made, strict=True)]

    def _session(self, graph: str) -> Any:
        if graph not in self._sessions:
            there = ", ".join(self._sessions) or "none"
            raise NotAvailableError(f"No {graph} was exported of this {self.description.model}. Graphs: {there}")
        return self._sessions[graph]

    def _told(self, condition: Any, count: int) -> NDArray[np.float32]:
        """``[count, width]``; zeros where nothing is known, if the model has practised that."""
        assert self._condition is not None
        if condition is None:
            if self.description.answers_untold:
                return np.zeros((count, self._condition.width), dtype=np.float32)
            classes = self._condition.classes
            known = f" Known: {', '.join(map(repr, classes[:20]))}." if classes else ""
            raise ParameterError(f"{self.description.model} cannot answer without a condition: condition=...{known}")
        told = self._condition.rows(np.full(count, condition) if np.ndim(condition) == 0 else condition)
        if len(told) != count:
            raise ParameterError(f"condition has {len(told)} entries; expected one, or {count}")
        return told


def load(folder: str | Path) -> Pipeline:
    """The pipeline that ``isthmus.export.to_onnx`` or ``isthmus export`` wrote; nothing but its graphs is run.

    Raises ``SavedModelError`` where the folder is none, or was changed, and ``MissingExtraError`` without onnxruntime.

    >>> load("no/such/folder")
    Traceback (most recent call last):
    isthmus.errors.SavedModelError: no/such/folder is no exported model. There is no directory. ...
    """
    folder = Path(folder)
    description = read(folder)
    runtime = require("onnxruntime", extra="export")
    options = runtime.SessionOptions()
    options.log_severity_level = 3  # errors
    sessions = {}
    for name in description.graphs:
        try:
            sessions[name] = runtime.InferenceSession(
                str(folder / file_of(name)), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise SavedModelError(f"{folder / file_of(name)} cannot be run: {error!s:.300}") from error
    return Pipeline(description, sessions, user_end(description.data_schema))


def _parts(count: int) -> Iterator[slice]:
    for start in range(0, count, ROWS):
        yield slice(start, start + ROWS)
