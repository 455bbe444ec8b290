"""Data to codes."""

from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.outputs import check_out, say, write_table


def command(
    model: Annotated[Path, typer.Argument(help="Folder of a saved model.")],
    data: Annotated[str, typer.Argument(help="A file, a folder of images, or a data set by name.")],
    out: Annotated[Path, typer.Option(help="codes.csv, .npy or .parquet")],
    size: Annotated[str | None, typer.Option(help="Bring pictures to HEIGHTxWIDTH.")] = None,
    text: Annotated[str | None, typer.Option(help="Column of texts; by default as in fit.")] = None,
    labels: Annotated[str | None, typer.Option(help="A column that is no feature.")] = None,
    drop: Annotated[list[str] | None, typer.Option(help="A column to leave out; may be given again.")] = None,
    condition: Annotated[
        str | None, typer.Option(help="A class for all rows, for conditional models; by default their labels.")
    ] = None,
    symbols: Annotated[
        bool, typer.Option("--symbols", help="Write whole numbers, for models with discrete codes.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
) -> None:
    """Encode every row of DATA.

    Example: `isthmus encode models/plant new.csv --out codes.csv`
    """
    from isthmus.cli.conditions import condition_of
    from isthmus.cli.discrete import check_exact, discrete
    from isthmus.cli.rows import as_in_fit, examples, tell_quarantined
    from isthmus.loading import load

    check_out(out, force=force, sources=(data,))
    estimator = load(model, part="encoder")
    coder = discrete(estimator, model) if symbols else None
    if coder is not None:
        check_exact(coder, out)
    rows = examples(data, as_in_fit(model, size=size, labels=labels, drop=drop, text=text), missing_ok=True)
    tell_quarantined(rows)
    told = condition_of(estimator, rows, condition)
    found = estimator.transform(rows, told) if coder is None else coder.symbols(rows, told)
    codes = found.reshape(len(rows), -1)
    letter, what = ("s", "symbols") if symbols else ("z", "numbers")
    write_table(codes, out, [f"{letter}{i}" for i in range(codes.shape[1])], rows.names)
    say(f"{len(codes)} codes of {codes.shape[1]} {what}: {out}")
