"""Measure a model."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.outputs import check_out, print_json, say
from isthmus.errors import DataError, ParameterError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from isthmus.cli.rows import Rows
    from isthmus.data.examples import Examples
    from isthmus.estimator import Estimator
    from isthmus.metrics.generation import GenerationReport


def command(
    model: Annotated[Path, typer.Argument(help="Folder of a saved model.")],
    data: Annotated[str | None, typer.Argument(help="Rows to measure on; by default those held out in fit.")] = None,
    train: Annotated[str | None, typer.Option(help="Rows for PCA to learn from; by default those of fit.")] = None,
    factors: Annotated[
        str | None,
        typer.Option(
            help="Disentanglement: a table with a row for each of DATA; or columns of DATA, commas between, that are "
            "no features."
        ),
    ] = None,
    samples: Annotated[bool, typer.Option("--samples", help="Judge draws, by features that are learnt.")] = False,
    annealed: Annotated[
        bool, typer.Option("--annealed", help="log p(x) by annealed importance sampling, too, of 50 rows: slow.")
    ] = False,
    importance_samples: Annotated[int, typer.Option(help="Draws of each code for log p(x).")] = 100,
    seed: Annotated[int, typer.Option(help="Seed of all that is drawn.")] = 0,
    report: Annotated[Path | None, typer.Option(help="An HTML page about the model, with these numbers.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a page that is there.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure a saved model beside PCA on rows it has not seen, and what it makes of each class where it is told them.

    Examples:

    - `isthmus evaluate models/plant new.csv`
    - `isthmus evaluate models/shapes shapes.csv --factors size,angle --samples --report page.html`
    """
    from isthmus.cli.rows import short_enough
    from isthmus.loading import load
    from isthmus.metrics.generation import GenerationReport
    from isthmus.tasks.evaluated import Evaluated
    from isthmus.tasks.evaluation import evaluation_of

    if report is not None:
        check_out(report, force=force, sources=() if data is None else (data,), endings=(".html",))
    estimator = load(model)
    rows, told = _rows_and_factors(estimator, model, train, data, factors)
    rows = replace(rows, test=short_enough(estimator, rows.test))
    asked = Evaluated.of(
        estimator,
        rows.test,
        known=rows.train,
        factors=told.get("factors"),
        names=told.get("names"),
        importance_samples=importance_samples,
        annealed=annealed,
        samples=samples,
        random_state=seed,
    )
    found = evaluation_of(asked)
    if data is not None:
        found = replace(found, rows_are=f"rows of {data}")
    generation = _generation(estimator, rows.train, rows.test, seed)
    if report is not None:
        from isthmus.report.page import write

        write(estimator, train=rows.train, test=rows.test, path=report, seed=seed, findings=(found,))
    if json:
        made = {"generation": generation.to_json()} if isinstance(generation, GenerationReport) else {}
        card = asked.card.to_json() if estimator.encodes else {}
        print_json({**card, **made, "evaluation": found.to_json()})
        return
    say(found.as_text())
    if generation is not None:
        say("\nMade as asked, by class")
        say(generation if isinstance(generation, str) else generation.as_text())
    if report is not None:
        say(f"report  {report}")


def _rows_and_factors(
    estimator: "Estimator", model: Path, train: str | None, data: str | None, factors: str | None
) -> tuple["Rows", dict[str, Any]]:
    """Rows to measure on, and the factors of each: a table of their own, or columns of ``data``."""
    from isthmus.cli.rows import Rows, as_in_fit, examples, measured_rows, saved_rows

    if factors is None:
        return measured_rows(model, train=train, data=data), {}
    if data is None:
        raise ParameterError(f"--factors {factors} is of rows that DATA names, and there is no DATA")
    if Path(factors).exists():
        table = examples(factors, missing_ok=True)
        return measured_rows(model, train=train, data=data), _known(table, table.columns)
    names, whole = [name.strip() for name in factors.split(",")], examples(data, missing_ok=True)
    columns = whole.columns or ()
    strange = [f"{data} has no column {n!r}. {did_you_mean(n, columns)}" for n in names if n not in columns]
    learnt = [name for name in names if name in (estimator.schema_.columns or ())]
    if learnt:
        strange.append(f"the model has learnt from {', '.join(learnt)}: fit it with --drop for each of them")
    if strange:
        raise ParameterError("\n".join(f"--factors {factors}: {told}" for told in strange))
    as_learnt = as_in_fit(model, drop=[*as_in_fit(model).drop, *names])
    known = saved_rows(model).train if train is None else examples(train, as_learnt, missing_ok=True)
    return Rows(train=known, test=examples(data, as_learnt, missing_ok=True)), _known(whole, names)


def _known(table: "Examples", names: "Sequence[str] | None") -> dict[str, Any]:
    """The keywords of ``evaluate`` for some columns, or all."""
    if table.kind not in ("table", "mixed"):
        raise DataError(f"--factors: {table.origin} is {table.kind}; expected a table with a column for each factor")
    places = range(table.values.shape[1]) if names is None else [(table.columns or ()).index(name) for name in names]
    return {"factors": table.values[:, list(places)], "names": names}


def _generation(
    estimator: "Estimator", train: "Examples", test: "Examples", seed: int
) -> "GenerationReport | str | None":
    """What it makes of each class; why that cannot be told; None where it is told no classes."""
    from isthmus.metrics.generation import generation_report, is_told_classes

    if not is_told_classes(estimator) or test.labels is None or train.labels is None:
        return None
    try:
        return generation_report(estimator, test, known=train, random_state=seed)
    except DataError as error:
        return str(error)
