"""From one example to another."""

from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.outputs import check_out, say, write_examples


def command(
    model: Annotated[Path, typer.Argument(help="Folder of a saved model.")],
    first: Annotated[str, typer.Argument(help="A row number of --data, or a file with one example.")],
    last: Annotated[str, typer.Argument(help="Likewise.")],
    out: Annotated[Path, typer.Option(help="A .csv, .npy or .parquet file; for pictures also a folder.")],
    data: Annotated[
        str | None, typer.Option(help="Where row numbers count; by default the held-out rows of fit.")
    ] = None,
    steps: Annotated[int, typer.Option(help="How many, both ends included.")] = 8,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
) -> None:
    """Walk through the code from FIRST to LAST.

    Example: `isthmus interpolate models/faces 3 17 --steps 10 --out walk/`
    """
    from isthmus.cli.rows import as_in_fit, examples, saved_rows
    from isthmus.errors import ParameterError
    from isthmus.loading import load

    check_out(out, force=force)
    estimator = load(model)
    numbered = first.isdigit() or last.isdigit()
    rows = (
        None
        if not numbered
        else examples(data, as_in_fit(model), missing_ok=True)
        if data is not None
        else saved_rows(model).test
    )

    def one(text: str):
        if rows is not None and text.isdigit():
            if int(text) >= len(rows):
                raise ParameterError(f"There is no row {text}; there are {len(rows)}, from 0 on")
            return rows.values[int(text)]
        found = examples(text, as_in_fit(model), missing_ok=True)
        if len(found) != 1:
            raise ParameterError(f"{text} has {len(found)} rows; expected one, or a row number and --data {text}")
        return found.values[0]

    values = estimator.interpolate(one(first), one(last), steps)
    write_examples(estimator, values, out)
    say(f"{len(values)} examples: {out}")
