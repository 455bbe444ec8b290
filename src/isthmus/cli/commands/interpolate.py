"""From one example to another."""

from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.outputs import check_form, check_place, write_examples
from isthmus.cli.pair import pair


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
    condition: Annotated[str | None, typer.Option(help="A class for all steps, for conditional models.")] = None,
    steps: Annotated[int, typer.Option(help="How many, both ends included.")] = 8,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
) -> None:
    """Walk through the code from FIRST to LAST.

    Examples:

    - `isthmus interpolate models/faces 3 17 --steps 10 --out walk/`
    - `isthmus interpolate models/names anna hannah`
    """
    from isthmus.cli.conditions import as_condition
    from isthmus.loading import load

    if out is not None:
        check_place(out, force=force)
    estimator = load(model)
    check_form(estimator, out)
    a, b = pair(estimator, model, first, last, data)
    write_examples(estimator, estimator.interpolate(a, b, steps, as_condition(estimator, condition)), out)
