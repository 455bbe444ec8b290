"""From one example to another."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.outputs import check_form, check_place, write_examples
from isthmus.errors import ParameterError

if TYPE_CHECKING:
    from isthmus.data.examples import Examples


def command(
    model: Annotated[Path, typer.Argument(help="Folder of a saved model.")],
    first: Annotated[
        str,
        typer.Argument(
            help="A row number of --data, or a file with one example. For models of texts the text itself; a number is "
            "a row where --data is given, and otherwise a text."
        ),
    ],
    last: Annotated[str, typer.Argument(help="Likewise.")],
    out: Annotated[
        Path | None,
        typer.Option(
            help="A .csv, .npy or .parquet file; for pictures also a folder; for texts .txt, .csv or .jsonl, printed "
            "where it is not given."
        ),
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="Where row numbers count; by default the held-out rows of fit.")
    ] = None,
    steps: Annotated[int, typer.Option(help="How many, both ends included.")] = 8,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
) -> None:
    """Walk through the code from FIRST to LAST.

    Examples:

    - `isthmus interpolate models/faces 3 17 --steps 10 --out walk/`
    - `isthmus interpolate models/names anna hannah`
    """
    from isthmus.loading import load

    if out is not None:
        check_place(out, force=force)
    estimator = load(model)
    check_form(estimator, out)
    ends = _texts if estimator.schema_.kind == "text" else _examples
    a, b = ends(model, first, last, data)
    write_examples(estimator, estimator.interpolate(a, b, steps), out)


def _texts(model: Path, first: str, last: str, data: str | None) -> list[Any]:
    """The texts themselves, or rows of ``data`` by their numbers."""
    from isthmus.cli.rows import as_in_fit, examples

    rows = None if data is None else examples(data, as_in_fit(model), missing_ok=True)
    return [_row(rows, text) if rows is not None and text.isdecimal() else text for text in (first, last)]


def _examples(model: Path, first: str, last: str, data: str | None) -> list[Any]:
    """Rows by their numbers, or files with one example."""
    from isthmus.cli.rows import as_in_fit, examples, saved_rows

    rows = None
    if first.isdigit() or last.isdigit():
        named = data is not None
        rows = examples(str(data), as_in_fit(model), missing_ok=True) if named else saved_rows(model).test

    def one(text: str) -> Any:
        if rows is not None and text.isdigit():
            return _row(rows, text)
        found = examples(text, as_in_fit(model), missing_ok=True)
        if len(found) != 1:
            raise ParameterError(f"{text} has {len(found)} rows; expected one, or a row number and --data {text}")
        return found.values[0]

    return [one(first), one(last)]


def _row(rows: "Examples", number: str) -> Any:
    if int(number) >= len(rows):
        raise ParameterError(f"There is no row {number}; there are {len(rows)}, from 0 on")
    return rows.values[int(number)]
