"""Codes to data."""

from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.outputs import NAME, check_form, check_place, write_examples


def command(
    model: Annotated[Path, typer.Argument(help="Folder of a saved model.")],
    codes: Annotated[str, typer.Argument(help="A file of codes, as `isthmus encode` writes it.")],
    out: Annotated[
        Path,
        typer.Option(help="A .csv, .npy or .parquet file; for pictures also a folder; for texts .txt, .csv or .jsonl."),
    ],
    condition: Annotated[str | None, typer.Option(help="A class, for conditional models.")] = None,
    symbols: Annotated[
        bool, typer.Option("--symbols", help="CODES are whole numbers, as `isthmus encode --symbols` writes them.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
) -> None:
    """Decode every row of CODES, into the units that the data had.

    Example: `isthmus decode models/plant codes.csv --out rebuilt.csv`
    """
    import math

    import numpy as np

    from isthmus.cli.conditions import as_condition
    from isthmus.cli.discrete import discrete
    from isthmus.data.reading import read
    from isthmus.errors import DataError
    from isthmus.loading import load

    check_place(out, force=force, sources=(codes,))
    estimator = load(model, part="decoder")
    check_form(estimator, out)
    given = read(codes, drop=(NAME,), missing_ok=True).values
    told = as_condition(estimator, condition)
    if symbols:
        whole = given.astype(np.int64) if (given == np.round(given)).all() else given  # a table holds floats
        coder = discrete(estimator, model)
        grid = coder.autoencoder_.code_shape[:-1]
        if whole.shape[1] % math.prod(grid):
            raise DataError(f"{codes} has {whole.shape[1]} columns; expected a multiple of {math.prod(grid)} symbols")
        values = coder.inverse_symbols(whole.reshape(len(whole), *grid, -1), told)
    else:
        values = np.asarray(estimator.inverse_transform(given, told))
    write_examples(estimator, values, out)
