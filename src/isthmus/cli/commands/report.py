"""Write the report of a model."""

from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.outputs import check_out, say


def command(
    model: Annotated[Path, typer.Argument(help="Folder of a saved model.")],
    data: Annotated[str | None, typer.Argument(help="Rows to measure on; by default those held out in fit.")] = None,
    train: Annotated[str | None, typer.Option(help="Rows that PCA learns from; by default those of fit.")] = None,
    out: Annotated[Path | None, typer.Option(help="The HTML file; MODEL/report.html if not given.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
) -> None:
    """Write one self-contained HTML file about a saved model.

    Example: `isthmus report models/plant new.csv --out new.html`
    """
    from isthmus.cli.rows import measured_rows, short_enough
    from isthmus.loading import load
    from isthmus.report.page import write

    target = out or model / "report.html"
    if out is not None:
        check_out(out, force=force, endings=(".html",))
    rows = measured_rows(model, train=train, data=data)
    estimator = load(model)
    test = short_enough(estimator, rows.test)
    shown = f"isthmus report {model}" + (f" {data}" if data else "")
    say(str(write(estimator, train=rows.train, test=test, path=target, command=shown)))
