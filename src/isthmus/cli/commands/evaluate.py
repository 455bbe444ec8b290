"""Measure a model."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.outputs import print_json, say


def command(
    model: Annotated[Path, typer.Argument(help="Folder of a saved model.")],
    data: Annotated[str | None, typer.Argument(help="Rows to measure on; by default those held out in fit.")] = None,
    train: Annotated[str | None, typer.Option(help="Rows for PCA to learn from; by default those of fit.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure a saved model beside PCA on rows it has not seen.

    Example: `isthmus evaluate models/plant new.csv`
    """
    from isthmus.cli.rows import measured_rows, short_enough, tell_overlap
    from isthmus.loading import load
    from isthmus.metrics.scorecard import Scorecard

    estimator = load(model)
    rows = measured_rows(model, train=train, data=data)
    card = Scorecard.measure(estimator, rows.train, short_enough(estimator, rows.test))
    if data is not None:
        card = replace(card, rows_are=f"rows of {data}")
        tell_overlap(rows.train, rows.test)
    if json:
        print_json(card.to_json())
    else:
        say(card.as_text())
