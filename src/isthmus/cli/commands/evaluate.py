"""Measure a model."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from isthmus.cli.outputs import print_json, say
from isthmus.errors import DataError

if TYPE_CHECKING:
    from isthmus.data.examples import Examples
    from isthmus.estimator import Estimator
    from isthmus.metrics.generation import GenerationReport


def command(
    model: Annotated[Path, typer.Argument(help="Folder of a saved model.")],
    data: Annotated[str | None, typer.Argument(help="Rows to measure on; by default those held out in fit.")] = None,
    train: Annotated[str | None, typer.Option(help="Rows for PCA to learn from; by default those of fit.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure a saved model beside PCA on rows it has not seen, and what it makes of each class where it is told them.

    Example: `isthmus evaluate models/plant new.csv`
    """
    from isthmus.cli.rows import measured_rows, short_enough, tell_overlap
    from isthmus.loading import load
    from isthmus.metrics.generation import GenerationReport
    from isthmus.metrics.scorecard import Scorecard

    estimator = load(model)
    rows = measured_rows(model, train=train, data=data)
    card = Scorecard.measure(estimator, rows.train, short_enough(estimator, rows.test))
    if data is not None:
        card = replace(card, rows_are=f"rows of {data}")
        tell_overlap(rows.train, rows.test)
    generation = _generation(estimator, rows.train, rows.test)
    if json:
        made = {"generation": generation.to_json()} if isinstance(generation, GenerationReport) else {}
        print_json({**card.to_json(), **made})
        return
    say(card.as_text())
    if generation is not None:
        say("\nMade as asked, by class")
        say(generation if isinstance(generation, str) else generation.as_text())


def _generation(estimator: "Estimator", train: "Examples", test: "Examples") -> "GenerationReport | str | None":
    """What it makes of each class; why that cannot be told; None where it is told no classes."""
    from isthmus.metrics.generation import generation_report, is_told_classes

    if not is_told_classes(estimator) or test.labels is None or train.labels is None:
        return None
    try:
        return generation_report(estimator, test, known=train)
    except DataError as error:
        return str(error)
