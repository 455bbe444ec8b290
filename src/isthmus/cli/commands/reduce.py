"""Make a map of the data."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.outputs import TABLES, check_new_model, check_out, print_json, say, write_table
from isthmus.errors import ParameterError, check

if TYPE_CHECKING:
    from isthmus.data.examples import Examples
    from isthmus.metrics.embedding import EmbeddingReport

LEARNT = "Measured on rows that the maps may have learnt: new ones may be placed less well."


def command(
    data: Annotated[str, typer.Argument(help="Rows: a file, a folder, or a data set by name.")],
    out: Annotated[Path, typer.Option(help="The rows' places: .csv, .parquet or .npy.")],
    dims: Annotated[int | None, typer.Option(help="Dimensions of the map; by default 2.")] = None,
    neighbours: Annotated[
        int | None, typer.Option(help="Rows that each row is near; by default 15, few show detail.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option(help="A saved model, which places DATA; by default a Reducer learns DATA.")
    ] = None,
    labels: Annotated[
        str | None, typer.Option(help="Column of classes: to colour and to measure by, not to learn from.")
    ] = None,
    drop: Annotated[list[str] | None, typer.Option(help="A column to leave out; may be given again.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    save: Annotated[Path | None, typer.Option(help="Folder for the model, for --model, encode and decode.")] = None,
    report: Annotated[
        Path | None, typer.Option(help="An HTML page: the map beside PCA, t-SNE and UMAP, and what its places mean.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Make a map on which rows that are alike are near each other, and say how true it is.

    Examples:

    - `isthmus reduce measurements.csv --out map.csv --report map.html`
    - `isthmus reduce flowers.csv --labels species --neighbours 30 --out map.csv --save models/map`
    - `isthmus reduce new.csv --model models/map --out new-map.csv`
    """
    from isthmus.cli.rows import labelled, tell_quarantined
    from isthmus.tasks.other_maps import other_maps

    check_out(out, force=force, sources=(data,), endings=TABLES)
    if report is not None:
        check_out(report, force=force, sources=(data,), endings=(".html",))
    check(
        "reduce",
        (dims is None or dims >= 1, f"--dims is {dims}; expected 1 or more"),
        (save is None or model is None, f"--model {model} is saved already: leave out --save"),
        (
            model is None or (dims is None and neighbours is None),
            f"--model {model} has its dimensions and neighbours: leave out --dims and --neighbours",
        ),
    )
    if save is not None:
        check_new_model(save, force=force)
    rows = labelled(data, labels, drop, missing_ok=model is not None)
    tell_quarantined(rows)
    reducer = _reducer(model, rows, dims=dims or 2, neighbours=neighbours or 15, seed=seed, progress=not quiet)
    codes = reducer.transform(rows)
    write_table(codes, out, [f"z{i}" for i in range(codes.shape[1])], rows.names, _classes(rows))
    if save is not None:
        reducer.save(save)
    others = None
    if report is not None:
        others = other_maps(reducer.schema_.flat(rows), codes.shape[1], random_state=seed)
    found = _measured(reducer, rows, codes, others, seed)
    if report is not None:
        from isthmus.report.page import write

        words = ["isthmus", "reduce", *(sys.argv[2:] if sys.argv[1:2] == ["reduce"] else [data])]
        write(reducer, train=rows, test=rows, path=report, command=shlex.join(words), seed=seed, findings=(found,))
    if json:
        print_json({"map": str(out)} | ({} if found is None else found.to_json()))
        return
    if found is not None:
        say(found.as_text())
    for name, place in (("map", out), ("model", save), ("report", report)):
        if place is not None:
            say(f"{name:<7} {place}")


def _reducer(model: Path | None, rows: "Examples", *, dims: int, neighbours: int, seed: int, progress: bool) -> Any:
    """A saved model, or one that learns the rows."""
    from isthmus.loading import load
    from isthmus.models.reducer import Reducer

    if model is None:
        reducer = Reducer(dims, neighbours=neighbours, random_state=seed)
        return reducer.set_params(trainer=reducer.usual_trainer(len(rows)).set_params(progress=progress)).fit(rows)
    found = load(model)
    if not found.encodes:
        raise ParameterError(f"{model} is of type {type(found).__name__}, which makes no codes: it places no rows")
    return found


def _classes(rows: "Examples") -> dict[str, list[str]] | None:
    """A column of labels, where rows have some."""
    return None if rows.labels is None or rows.labels.ndim != 1 else {"label": [str(each) for each in rows.labels]}


def _measured(reducer: Any, rows: "Examples", codes: Any, others: Any, seed: int) -> "EmbeddingReport | None":
    """How true the map is, beside others of the same rows; None of too few."""
    from isthmus.metrics.embedding import embedding_report
    from isthmus.metrics.scorecard import has_classes

    chosen = rows if others is None else rows.take(others.rows)
    if len(chosen) < 2 * 5 + 1:
        return None
    own = codes if others is None else codes[others.rows]
    maps = {type(reducer).__name__: own, **({} if others is None else others.maps)}
    y = chosen.labels if has_classes(chosen) else None
    notes = (LEARNT,) if others is None else (LEARNT, *others.notes)
    return embedding_report(reducer.schema_.flat(chosen), maps, y, notes=notes, random_state=seed)
