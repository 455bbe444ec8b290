"""A folder of ONNX graphs, each checked against the model, with what it takes to run them."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from sklearn.utils.validation import check_is_fitted

from isthmus import saving
from isthmus.data.examples import Examples
from isthmus.data.reading import read_and_tell
from isthmus.directories import take_place
from isthmus.errors import MissingExtraError, ParameterError, did_you_mean, problems, require
from isthmus.estimator import Estimator
from isthmus.export import run
from isthmus.export.agreement import BATCHES, TOLERANCE, agreement
from isthmus.export.description import DESCRIPTION, README, Description, file_of, sha256
from isthmus.export.description import Graph as DescribedGraph
from isthmus.export.errors import ExportError
from isthmus.export.explanation import explanation
from isthmus.export.graphs import Graph, graphs_of
from isthmus.export.tokens import tokens_of

GRAPHS = ("encode", "decode", "reconstruct")
ROWS, LENGTH = 5, 7  # of the tensors that a graph is captured with: neither 1 nor equal, so that neither is fixed


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What was written, and how near each graph is to the model."""

    folder: Path
    description: Description

    def as_text(self) -> str:
        """A table.

        >>> Exported(folder=Path("x"), description=Description(
        ...     model="AE", data_schema={}, code_shape=(2,), opset=20, graphs={})).as_text()
        'graph        largest difference  of numbers up to  ties  size'
        """
        lines = [f"{'graph':<12} {'largest difference':<19} {'of numbers up to':<17} {'ties':<5} size"]
        for name, graph in self.description.graphs.items():
            size = (self.folder / file_of(name)).stat().st_size
            lines.append(
                f"{name:<12} {graph.largest_difference:<19.1e} {graph.scale:<17.4g} {graph.ties:<5} "
                f"{size / 2**10:,.0f} KiB"
            )
        return "\n".join(lines)


def to_onnx(
    estimator: Estimator,
    folder: str | Path,
    X: Any = None,
    condition: Any = None,
    *,
    graphs: Sequence[str] | None = None,
) -> Exported:
    """Write the graphs of a fitted model to a folder: ``encode``, ``decode``, ``reconstruct``, those that it has.

    Each is checked by onnxruntime against the model on rows of X, 1, 7 and 1000 at a time (``condition`` goes with
    them): beyond 1e-5 of the largest number it is not written. A generator alone needs no X. Where some graphs cannot
    be, the others are written, and ``ExportError`` says so. What was in the folder is replaced, as a whole. The user's
    units, categories, dates, tokens and gaps are part of what is written; ``isthmus.export.run`` needs no PyTorch.

    Raises ``ExportError``, ``ParameterError`` and ``MissingExtraError``.

    >>> import tempfile, isthmus as im
    >>> X = im.data.load("digits").values[:50]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ae = im.AE(latent_dim=2, trainer=im.Trainer(epochs=1)).fit(X)
    ...     exported = to_onnx(ae, folder + "/ae", X, graphs=["encode"])
    ...     codes = run.load(folder + "/ae").encode(X)
    >>> bool(abs(codes - ae.transform(X)).max() < 1e-5 * abs(codes).max())
    True
    """
    check_is_fitted(estimator)
    for module in ("onnx", "onnxscript", "onnxruntime"):
        require(module, extra="export")
    path = Path(folder).resolve()
    check_place(path)
    rows = None if X is None else read_and_tell(X)
    there = graphs_of(estimator)
    wanted = list(there) if graphs is None else _known(graphs)
    failed = [f"{name}: {type(estimator).__name__} has no such graph" for name in wanted if name not in there]
    wanted = [name for name in wanted if name in there]
    if rows is None and any(name != "decode" or estimator.encodes for name in wanted):
        raise ParameterError("to_onnx needs rows to check the graphs with: to_onnx(model, folder, X)")
    _check_tokeniser(estimator)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.mkdir(parents=True)
        description = _written(estimator, partial, {name: there[name] for name in wanted}, rows, condition, failed)
        if description.graphs:
            take_place(partial, path)
    except OSError as error:
        raise ExportError(f"Nothing could be written at {path} ({error}); what was there is untouched") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    if failed:
        others = " and ".join(description.graphs)
        told = f"{others} written to {folder}; of the other graphs:" if others else "No graph could be written:"
        raise ExportError(problems(told, failed))
    return Exported(folder=path, description=description)


def check_place(path: Path) -> None:
    """Refuse to replace a file, or a folder of something else; raises ``ExportError``."""
    foreign = path.is_dir() and not (path / DESCRIPTION).is_file() and any(path.iterdir())
    if path.is_file() or foreign or path == Path.cwd() or path in Path.cwd().parents:
        raise ExportError(f"{path} exists and is no exported model; it is left alone. Choose another place")


def _written(
    estimator: Estimator,
    folder: Path,
    graphs: dict[str, Graph],
    rows: Examples | None,
    condition: Any,
    failed: list[str],
) -> Description:
    """Graph by graph; what goes wrong is added to ``failed``, and no such graph is left."""
    opset, made = 0, dict[str, DescribedGraph]()
    for name, graph in graphs.items():
        try:
            opset = max(opset, _to_file(graph, folder / file_of(name)))
            made[name] = DescribedGraph(
                inputs=graph.inputs,
                outputs=graph.outputs,
                sha256=sha256(folder / file_of(name)),
                largest_difference=0.0,
                scale=0.0,
                ties=0,
                batches=BATCHES,
            )
        except ExportError as error:
            failed.append(f"{name}: {error}")
    description = _described(estimator, opset, made)
    if made:
        _write(folder, description)
        description = _checked(estimator, folder, description, rows, condition, failed)
        _write(folder, description)
    return description


def _checked(
    estimator: Estimator,
    folder: Path,
    description: Description,
    rows: Examples | None,
    condition: Any,
    failed: list[str],
) -> Description:
    """With what was found of each graph, without those that are not the model's."""
    pipeline, kept = run.load(folder), dict[str, DescribedGraph]()
    for name, graph in description.graphs.items():
        found = agreement(estimator, pipeline, name, rows, condition)
        if found.holds:
            measured = {"largest_difference": found.largest, "scale": found.scale, "ties": found.ties}
            kept[name] = graph.model_copy(update=measured)
            continue
        ties = f", and {found.ties} of {found.rows} rows choose otherwise" if found.ties else ""
        failed.append(
            f"{name}: onnxruntime gives numbers that differ from the model's by {found.largest:.1e}, where the largest "
            f"is {found.scale:.4g}{ties}; expected {TOLERANCE:g} of that at the most"
        )
        (folder / file_of(name)).unlink()
    return description.model_copy(update={"graphs": kept})


def _to_file(graph: Graph, place: Path) -> int:
    """Capture and write a graph; returns the opset. Raises ``ExportError`` that names what ONNX has not."""
    given = tuple(_example(put.dtype, put.shape) for put in graph.inputs)
    changing = [
        {i: torch.export.Dim.DYNAMIC for i, size in enumerate(put.shape) if size is None} for put in graph.inputs
    ]
    names = [put.name for put in graph.inputs]
    out = [f"{put.name}_out" if put.name in names else put.name for put in graph.outputs]
    with quiet(), torch.no_grad():
        try:
            captured = torch.export.export(graph.eval(), given, dynamic_shapes=tuple(changing), strict=False)
        except Exception as error:
            raise ExportError(f"PyTorch cannot capture it as a graph: {_reason(error)}") from error
        try:
            program = torch.onnx.export(
                captured, dynamo=True, input_names=names, output_names=out, verbose=False, external_data=False
            )
            assert program is not None
            program.save(str(place))
        except Exception as error:
            raise ExportError(f"ONNX cannot express {_operation(error)}: {_reason(error)}") from error
    return max(int(each.version) for each in program.model_proto.opset_import if each.domain == "")


def _example(dtype: str, shape: Sequence[int | None]) -> torch.Tensor:
    """Made-up numbers, of which only the shape and the type matter."""
    sizes = [ROWS, *(LENGTH if size is None else size for size in shape[1:])]
    return torch.ones(sizes, dtype=getattr(torch, dtype))


def _operation(error: BaseException) -> str:
    """The name of the operation that an exporter stumbled over."""
    found = re.search(r"(?:aten|prims|torchvision|higher_order)[.:]{1,2}\w+(?:\.\w+)?", _whole(error))
    return found.group(0) if found else "an operation"


def _reason(error: BaseException) -> str:
    """The first line of what lies at the bottom."""
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__:.300}"


def _whole(error: BaseException | None) -> str:
    told = ""
    while error is not None:
        told, error = f"{told}\n{error}", error.__cause__
    return told


@contextmanager
def quiet() -> Iterator[None]:
    """The exporter's notes about itself are not the user's."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "torch.export", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for logger in loggers:
                logger.setLevel(logging.CRITICAL)
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


def _described(estimator: Estimator, opset: int, graphs: dict[str, DescribedGraph]) -> Description:
    condition = estimator.condition_
    import onnxruntime

    return Description(
        model=type(estimator).__name__,
        data_schema=estimator.schema_.to_json(),
        condition=None if condition is None else condition.to_json(),
        answers_untold=condition is None or estimator.autoencoder_.answers_untold,
        code_shape=estimator.autoencoder_.code_shape,
        opset=opset,
        graphs=graphs,
        versions={**saving.versions(), "onnxruntime": onnxruntime.__version__},
    )


def _write(folder: Path, description: Description) -> None:
    text = json.dumps(description.model_dump(), indent=1, allow_nan=False, default=str)
    (folder / DESCRIPTION).write_text(text, encoding="utf8")
    (folder / README).write_text(explanation(description), encoding="utf8")


def _known(graphs: Sequence[str]) -> list[str]:
    wrong = [name for name in graphs if name not in GRAPHS]
    if wrong or not graphs:
        raise ParameterError(f"No graph is called {wrong[0] if wrong else ''!r}. {did_you_mean(str(wrong), GRAPHS)}")
    return list(dict.fromkeys(graphs))


def _check_tokeniser(estimator: Estimator) -> None:
    """One that can be run without PyTorch; raises ``ExportError``."""
    if estimator.schema_.kind != "text":
        return
    try:
        tokens_of(estimator.schema_.to_json()["tokeniser"])
    except MissingExtraError:
        raise
    except ValueError as error:
        raise ExportError(f"The texts cannot be read without PyTorch: {error}") from error
