"""What changes when one number of the code does."""

from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.outputs import TABLES, check_ending, check_place, say, write_table
from isthmus.cli.strips import STRIPS, check_strip, is_strip, write_strip
from isthmus.errors import ParameterError


def command(
    model: Annotated[Path, typer.Argument(help="Folder of a saved model.")],
    out: Annotated[
        Path | None,
        typer.Option(help="A .csv, .npy or .parquet file; for pictures also a .png strip or a .gif that moves."),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(help="Rows whose codes say how far to go; by default the held-out rows of fit; 'prior': none."),
    ] = None,
    condition: Annotated[str | None, typer.Option(help="A class for all steps, for conditional models.")] = None,
    top: Annotated[int, typer.Option(help="How many numbers, the most used first.")] = 8,
    steps: Annotated[int, typer.Option(help="How many for each.")] = 9,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
) -> None:
    """Walk each number of the code over the range that it has, the numbers that matter most first.

    Examples:

    - `isthmus traverse models/faces --out walks.png`
    - `isthmus traverse models/faces --top 3 --steps 15 --out walks.gif`
    """
    import numpy as np

    from isthmus.cli.conditions import as_condition
    from isthmus.cli.rows import as_in_fit, examples, saved_rows
    from isthmus.loading import load
    from isthmus.metrics.traversals import check_movable, traversals

    if out is not None:
        check_place(out, force=force)
        check_ending(out, (*TABLES, *STRIPS))
        if not out.suffix:
            raise ParameterError(f"--out {out}: expected a file that ends in {', '.join((*TABLES, *STRIPS))}")
    estimator = load(model)
    check_movable(estimator, "traverse")
    if out is not None and is_strip(out):
        check_strip(estimator, out)
    if data == "prior":
        rows = None
    else:
        rows = saved_rows(model).test if data is None else examples(data, as_in_fit(model), missing_ok=True)
    found = traversals(estimator, rows, top=top, steps=steps, condition=as_condition(estimator, condition))
    say(found.as_text())
    if out is None:
        return
    if is_strip(out):
        write_strip(found, out)
    else:
        values = np.concatenate([np.asarray(walk.examples) for walk in found.walks])
        words = {
            "number": [f"z{walk.number}" for walk in found.walks for _ in walk.values],
            "at": [f"{value:.6g}" for walk in found.walks for value in walk.values],
        }
        write_table(values, out, estimator.schema_.columns or (), words=words)
    say(f"walks        {out}")
