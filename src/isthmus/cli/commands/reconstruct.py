"""Data through the code and back."""

from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.outputs import check_form, check_place, write_examples


def command(
    model: Annotated[Path, typer.Argument(help="Folder of a saved model.")],
    data: Annotated[str, typer.Argument(help="A file, a folder of images, or a data set by name.")],
    out: Annotated[
        Path,
        typer.Option(help="A .csv, .npy or .parquet file; for pictures also a folder; for texts .txt, .csv or .jsonl."),
    ],
    size: Annotated[str | None, typer.Option(help="Bring pictures to HEIGHTxWIDTH.")] = None,
    text: Annotated[str | None, typer.Option(help="Column of texts; by default as in fit.")] = None,
    labels: Annotated[str | None, typer.Option(help="A column that is no feature.")] = None,
    drop: Annotated[list[str] | None, typer.Option(help="A column to leave out; may be given again.")] = None,
    condition: Annotated[
        str | None, typer.Option(help="A class for all rows, for conditional models; by default their labels.")
    ] = None,
    hidden: Annotated[
        str | None, typer.Option(help="What a masked model fills in: a share in (0, 1), or columns, by commas.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
) -> None:
    """Encode and decode every row: a DAE removes noise, a MAE fills in what is hidden.

    Example: `isthmus reconstruct models/dae noisy/ --out clean/`
    """
    import numpy as np

    from isthmus.cli.conditions import condition_of
    from isthmus.cli.hidden import told
    from isthmus.cli.rows import as_in_fit, examples, tell_quarantined
    from isthmus.loading import load

    check_place(out, force=force, sources=(data,))
    estimator = load(model)
    check_form(estimator, out)
    rows = examples(data, as_in_fit(model, size=size, labels=labels, drop=drop, text=text), missing_ok=True)
    tell_quarantined(rows)
    given = {} if hidden is None and not hasattr(estimator, "hidden_values") else {"hidden": told(estimator, hidden)}
    values = np.asarray(estimator.reconstruct(rows, condition_of(estimator, rows, condition), **given))
    write_examples(estimator, values, out)
