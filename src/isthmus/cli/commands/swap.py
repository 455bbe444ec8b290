"""One example with a part of another."""

from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.outputs import check_form, check_place, write_examples
from isthmus.cli.pair import pair


def command(
    model: Annotated[Path, typer.Argument(help="Folder of a saved model whose code has named parts.")],
    first: Annotated[str, typer.Argument(help="A row number of --data, or a file with one example.")],
    other: Annotated[str, typer.Argument(help="Likewise: the one whose part is taken.")],
    out: Annotated[Path | None, typer.Option(help="A .csv, .npy or .parquet file; for pictures also a folder.")] = None,
    part: Annotated[str, typer.Option(help="The part, or several with commas between them.")] = "style",
    data: Annotated[
        str | None, typer.Option(help="Where row numbers count; by default the held-out rows of fit.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
) -> None:
    """Draw FIRST with a part of OTHER, such as its style.

    Examples:

    - `isthmus swap models/faces 3 17 --part style --out swapped/`
    """
    import numpy as np

    from isthmus.loading import load

    if out is not None:
        check_place(out, force=force)
    estimator = load(model)
    check_form(estimator, out)
    swapped = estimator.swap  # refused, where the model has no parts, before anything is read
    a, b = (np.asarray(each)[None] for each in pair(estimator, model, first, other, data))
    write_examples(estimator, swapped(a, b, [name.strip() for name in part.split(",")]), out)
