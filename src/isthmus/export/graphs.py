"""What is exported of a model: three functions of tensors, from the user's numbers to the user's numbers."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch._higher_order_ops.while_loop import while_loop

from isthmus.abilities import if_it_decodes, if_it_encodes, if_there_and_back
from isthmus.autoencoder import Autoencoder
from isthmus.corruptions.patch_drop import PatchDrop
from isthmus.errors import NotAvailableError
from isthmus.estimator import Estimator
from isthmus.export.description import Put
from isthmus.export.ends import Ends, NumericEnds, ends_of
from isthmus.export.errors import ExportError
from isthmus.export.recurrence import with_onnx_units
from isthmus.layers.mean_of_places import mean_of_places
from isthmus.models.mae import MAE
from isthmus.records import Batch, Code, View
from isthmus.sequence_estimator import SequenceEstimator
from isthmus.stations import SequenceDecoder

MOST_WRITTEN = 512  # places of a text that a graph writes: each is a copy of the decoder's step


class Graph(nn.Module, ABC):
    """A function of tensors: the user's values, and where the model is told a condition, that as well."""

    name: str
    inputs: tuple[Put, ...]
    outputs: tuple[Put, ...]

    @abstractmethod
    def forward(self, given: Tensor, condition: Tensor | None = None) -> Tensor | tuple[Tensor, ...]:
        """What comes out."""


class Encode(Graph):
    """``x -> codes``, and symbols where the code is made of such."""

    name = "encode"

    def __init__(self, model: Autoencoder, ends: Ends, inputs: Sequence[Put], *, pooled: bool) -> None:
        super().__init__()
        self.model, self.ends, self.pooled = model, ends, pooled
        self.inputs = tuple(inputs)
        grid, levels = model.code_shape[:-1], model.bottleneck.levels
        numbers = model.code_shape[-1] if pooled else torch.Size(model.code_shape).numel()
        codes = Put(name="codes", dtype="float32", shape=(None, numbers), meaning="the best code of each row")
        symbols = Put(
            name="symbols", dtype="int64", shape=(None, *grid, len(levels)), meaning=f"whole numbers below {levels}"
        )
        self.outputs = (codes, symbols) if levels else (codes,)

    def forward(self, given: Tensor, condition: Tensor | None = None) -> Tensor | tuple[Tensor, ...]:
        """``[n, numbers]``, and symbols ``[n, *grid, symbols]``."""
        code = self.model.encode(_batch(self.ends, given, condition))
        z = mean_of_places(code.z, code.valid) if self.pooled else code.z.flatten(1)
        return (z, code.symbols) if len(self.outputs) == 2 and code.symbols is not None else z


class Rebuilding(Graph, ABC):
    """One that gives the expected x; ``never``: symbols that are not written."""

    def __init__(
        self, model: Autoencoder, ends: Ends, inputs: Sequence[Put], outputs: Sequence[Put], never: Sequence[int]
    ) -> None:
        super().__init__()
        self.model, self.ends, self.never = model, ends, tuple(never)
        self.inputs, self.outputs = tuple(inputs), tuple(outputs)


class Decode(Rebuilding):
    """``codes -> expected x``; texts are written, the likeliest symbol at each place."""

    name = "decode"

    def forward(self, given: Tensor, condition: Tensor | None = None) -> Tensor:
        """``[n, *user_shape]``."""
        z = given.unflatten(1, self.model.code_shape)
        code, view = Code(z=z), View(x=z, condition=condition)
        return self.ends.told(_rebuilt(self.model, code, view, self.never))


class Reconstruct(Rebuilding):
    """``x -> codes -> expected x``."""

    name = "reconstruct"

    def forward(self, given: Tensor, condition: Tensor | None = None) -> Tensor:
        """``[n, *user_shape]``."""
        batch = _batch(self.ends, given, condition)
        if not isinstance(self.model.decoder, SequenceDecoder) or not self.never:
            return self.ends.told(self.model.rebuild(batch))
        view = View(x=batch.x, valid=batch.valid, condition=condition)
        return self.ends.told(_rebuilt(self.model, self.model.encode(batch), view, self.never))


class FillIn(Graph):
    """``x -> x``, with the usual part of it hidden and filled in: what ``MAE.reconstruct`` does by default."""

    name = "reconstruct"
    missing: Tensor
    visible: Tensor

    def __init__(self, estimator: MAE, model: Autoencoder, ends: Ends, inputs: Sequence[Put], outputs: Sequence[Put]):
        super().__init__()
        self.model, self.ends, self.inputs, self.outputs = model, ends, tuple(inputs), tuple(outputs)
        assert isinstance(model.corruption, PatchDrop)
        missing = torch.from_numpy(estimator.hidden_values())
        self.register_buffer("missing", missing)
        self.register_buffer("visible", model.corruption.positions(missing))

    def forward(self, given: Tensor, condition: Tensor | None = None) -> Tensor:
        """``[n, *user_shape]``."""
        batch = _batch(self.ends, given, condition)
        assert isinstance(self.model.corruption, PatchDrop)
        view = self.model.corruption.view(batch, self.visible.expand(given.shape[0], -1))
        return self.ends.told(torch.where(self.missing, self.model.completed(view), batch.x))


def graphs_of(estimator: Estimator) -> dict[str, Graph]:
    """The graphs that a fitted model has, by name, on the CPU; raises ``ExportError``."""
    model = with_onnx_units(copy.deepcopy(estimator.autoencoder_).cpu().eval())
    assert isinstance(model, Autoencoder)
    ends, condition = ends_of(estimator.schema_), _condition(estimator, model)
    x = Put(name="x", dtype=_name(ends.dtype), shape=(None, *ends.shape), meaning=_meaning(estimator))
    numbers = torch.Size(model.code_shape).numel()
    z = Put(name="codes", dtype="float32", shape=(None, numbers), meaning="codes as encode gives them")
    found: dict[str, Graph] = {}
    if _has(if_it_encodes, estimator) and model.encoder is not None:
        told = condition if model.encoder.told or model.bottleneck.reads_condition else []
        found["encode"] = Encode(model, ends, [x, *told], pooled=estimator.pooled)
    if model.decoder is None:
        return found
    back = [Put(name="x", dtype=_told_dtype(ends), shape=(None, *_told_shape(estimator, ends)), meaning="expected x")]
    never = _never(estimator)
    if _has(if_it_decodes, estimator):
        found["decode"] = Decode(model, ends, [z, *condition], back, never)
    if isinstance(estimator, MAE):
        found["reconstruct"] = FillIn(estimator, model, ends, [x], back)
    elif _has(if_there_and_back, estimator) or estimator.writes:
        found["reconstruct"] = Reconstruct(model, ends, [x, *condition], back, never)
    return found


def _rebuilt(model: Autoencoder, code: Code, view: View, never: Sequence[int]) -> Tensor:
    """The expected x, or symbols that are written."""
    decoder, likelihood = model.decoder, model.likelihood
    assert decoder is not None
    assert likelihood is not None
    if isinstance(decoder, SequenceDecoder) and never:
        return _written(decoder, code, view, never)
    return likelihood.mean(model.decode(code, view))


def _written(decoder: SequenceDecoder, code: Code, view: View, never: Sequence[int]) -> Tensor:
    """As ``layers.writing.written`` by greed, ``[batch, positions]``, but always to the last place.

    A loop in the graph: each time all places are scored, as with a teacher, and one of them is written.
    """
    places = torch.arange(decoder.positions)
    forbidden = torch.tensor([-torch.inf if i in never else 0.0 for i in range(int(decoder.arguments["outputs"]))])

    def unfinished(place: Tensor, symbols: Tensor) -> Tensor:
        return place < decoder.positions

    def next_one(place: Tensor, symbols: Tensor) -> tuple[Tensor, Tensor]:
        here = places == place
        scores = decoder(code, view, symbols).where(here, 0.0).sum(2) + forbidden  # [batch, outputs]
        return place + 1, torch.where(here, scores.argmax(1, keepdim=True), symbols)

    nothing = torch.zeros(code.z.shape[0], decoder.positions, dtype=torch.int64)
    return while_loop(unfinished, next_one, (torch.tensor(0), nothing))[1]


def _never(estimator: Estimator) -> tuple[int, ...]:
    """Symbols that a model of texts does not write; none where it writes no texts."""
    from isthmus.data.schemas.text import MASK, UNKNOWN

    if not isinstance(estimator, SequenceEstimator):
        return ()
    decoder = estimator.autoencoder_.decoder
    if isinstance(decoder, SequenceDecoder) and decoder.positions > MOST_WRITTEN:
        raise ExportError(
            f"{type(estimator).__name__} writes texts of up to {decoder.positions} symbols; a graph has room for "
            f"{MOST_WRITTEN}. Fit it with max_length={MOST_WRITTEN - 1} or less, or export encode alone"
        )
    return (UNKNOWN, MASK)


def _batch(ends: Ends, given: Tensor, condition: Tensor | None) -> Batch:
    shown = ends.shown(given)
    return Batch(x=shown.x, valid=shown.valid, condition=condition)


def _condition(estimator: Estimator, model: Autoencoder) -> list[Put]:
    if estimator.condition_ is None:
        return []
    return [
        Put(
            name="condition",
            dtype="float32",
            shape=(None, estimator.condition_.width),
            meaning="what is conditioned on: one-hot classes, or standardised numbers and a 1",
        )
    ]


def _has(ability: Any, estimator: Estimator) -> bool:
    try:
        return bool(ability(estimator))
    except NotAvailableError:
        return False


def _meaning(estimator: Estimator) -> str:
    kind = estimator.schema_.kind
    return {
        "mixed": "columns as numbers: levels by number, truths 0 or 1, dates in seconds since 1970, NaN in gaps",
        "text": "symbols, the end (0) after the last of each text, then -1",
        "series": "frames, NaN past the end of a sequence",
        "image": "pictures in the units of fit",
    }.get(kind, "values in the units of fit")


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _told_dtype(ends: Ends) -> str:
    return "float32" if isinstance(ends, NumericEnds) else _name(ends.dtype)


def _told_shape(estimator: Estimator, ends: Ends) -> tuple[int | None, ...]:
    decoder = estimator.autoencoder_.decoder
    if isinstance(decoder, SequenceDecoder) and isinstance(estimator, SequenceEstimator):
        return (decoder.positions,)
    return ends.shape
