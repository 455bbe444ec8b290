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
    from isthmus.cli.rows import as_in_fit, examples, saved_rows, tell_overlap
    from isthmus.loading import load
    from isthmus.metrics.scorecard import Scorecard

    estimator = load(model)
    learnt = examples(train, as_in_fit(model), missing_ok=True) if train is not None else saved_rows(model).train
    measured = examples(data, as_in_fit(model), missing_ok=True) if data is not None else saved_rows(model).test
    card = Scorecard.measure(estimator, learnt, measured)
    if data is not None:
        card = replace(card, rows_are=f"rows of {data}")
        tell_overlap(learnt, measured)
    if json:
        print_json(card.to_json())
    else:
        say(card.as_text())
