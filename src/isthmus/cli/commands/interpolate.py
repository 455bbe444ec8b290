"""From one example to another."""

from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.outputs import check_form, check_place, say, write_examples
from isthmus.cli.pair import pair
from isthmus.cli.strips import check_strip, is_strip, write_strip


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
            help="A .csv, .npy or .parquet file; for pictures also a folder, a .png strip or a .gif that moves; for "
            "texts .txt, .csv or .jsonl, printed where it is not given."
        ),
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="Where row numbers count; by default the held-out rows of fit.")
    ] = None,
    condition: Annotated[str | None, typer.Option(help="A class for all steps, for conditional models.")] = None,
    steps: Annotated[int, typer.Option(help="How many, both ends included.")] = 8,
    path: Annotated[
        str, typer.Option(help="line; or sphere: an arc about 0, for codes with a Gaussian prior (VAE, AAE).")
    ] = "line",
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
) -> None:
    """Walk through the code from FIRST to LAST.

    Says of each step how much it is like real examples (1: as near to known rows as these are to each other), beside
    the straight line between the two.

    Examples:

    - `isthmus interpolate models/faces 3 17 --steps 10 --path sphere --out walk.gif`
    - `isthmus interpolate models/names anna hannah`
    """
    from isthmus.cli.conditions import as_condition
    from isthmus.cli.rows import known_rows
    from isthmus.loading import load
    from isthmus.metrics.interpolation import interpolation

    if out is not None:
        check_place(out, force=force)
    estimator = load(model)
    if out is not None and is_strip(out):
        check_strip(estimator, out)
    else:
        check_form(estimator, out)
    walk = estimator.interpolate  # refused, where the model cannot, before anything is read
    a, b = pair(estimator, model, first, last, data)
    told = as_condition(estimator, condition)
    if out is None or estimator.schema_.kind in ("text", "mixed"):  # rows of a mixed table are no arrays of numbers
        write_examples(estimator, walk(a, b, steps, told, path=path), out)
        return
    found = interpolation(estimator, a, b, steps, path, known=known_rows(model, data), condition=told)  # type: ignore[arg-type]
    if is_strip(out):
        write_strip(found, out)
    else:
        write_examples(estimator, found.examples, out)
    say(found.as_text())
    if is_strip(out):
        say(f"walk         {out}")
