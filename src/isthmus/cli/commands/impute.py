"""Fill the gaps of a table."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.outputs import check_new_model, check_out, say, write_table
from isthmus.errors import ParameterError, check, counted

if TYPE_CHECKING:
    from isthmus.data.examples import Examples

ENDINGS = (".csv", ".parquet")
FEWEST = 50  # rows, of which a fifth can be spared to measure on


def command(
    data: Annotated[str, typer.Argument(help="A table with gaps: .csv, .parquet, .npy.")],
    out: Annotated[Path, typer.Option(help="The table without gaps: .csv or .parquet.")],
    model: Annotated[
        Path | None, typer.Option(help="Folder of a saved model of such tables; by default a TableMAE learns DATA.")
    ] = None,
    interval: Annotated[
        float | None,
        typer.Option(help="Also write columns NAME_low and NAME_high, between which a number lies with this chance."),
    ] = None,
    draws: Annotated[
        int, typer.Option(help="Write so many tables, each a draw (OUT-1, OUT-2, ...), in place of what is expected.")
    ] = 0,
    drop: Annotated[list[str] | None, typer.Option(help="A column to leave out; may be given again.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    save: Annotated[Path | None, typer.Option(help="Folder for the model, for --model.")] = None,
    report: Annotated[
        Path | None, typer.Option(help="An HTML page: where gaps are, and how well they are filled.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Fill gaps by what the rest of the row tells; columns may be numbers, categories, truths and dates.

    Where the model learns DATA, a fifth of the rows is held out, and how well their hidden values are filled is told
    beside means and nearest rows.

    Examples:

    - `isthmus impute survey.csv --out filled.csv`
    - `isthmus impute survey.csv --out filled.csv --interval 0.9 --save models/survey`
    - `isthmus impute tomorrow.csv --model models/survey --draws 5 --out filled.csv`
    """
    from isthmus.cli.rows import tell_quarantined
    from isthmus.metrics.imputation import ImputationErrors
    from isthmus.tasks.imputation import imputation_intervals

    places = [out] if draws == 0 else [out.with_stem(f"{out.stem}-{number}") for number in range(1, draws + 1)]
    for place in places:
        check_out(place, force=force, sources=(data,), endings=ENDINGS)
    if report is not None:
        check_out(report, force=force, sources=(data,), endings=(".html",))
    check(
        "impute",
        (draws >= 0, f"--draws is {draws}; expected 0 or more"),
        (interval is None or 0 < interval < 1, f"--interval is {interval}; expected a chance in (0, 1)"),
        (interval is None or draws == 0, "--interval goes with what is expected: leave out --draws"),
        (save is None or model is None, f"--model {model} is saved already: leave out --save"),
    )
    if save is not None:
        check_new_model(save, force=force)
    rows = _rows(data, drop, model)
    tell_quarantined(rows)
    known, held_out = _parts(rows, seed) if model is None else (rows, None)
    filler = _filler(model, known, seed=seed, progress=not quiet)
    names = list(rows.columns or filler.schema_.columns or [f"x{i}" for i in range(rows.values.shape[1])])
    tables = filler.impute(rows, draws=draws, random_state=seed) if draws else [filler.impute(rows)]
    found = None if interval is None else imputation_intervals(filler, rows, level=interval, random_state=seed)
    for place, table in zip(places, tables, strict=True):
        _write(place, table, names, found)
    if save is not None:
        filler.save(save)
    say(_told(filler, rows, names))
    if held_out is not None:
        say(ImputationErrors.measure(filler, known, held_out, seed).as_text())
    if report is not None:
        write_report(filler, known, rows if held_out is None else held_out, report, data)
    say("\n".join(f"filled  {place}" for place in places))
    for what, written in (("model", save), ("report", report)):
        if written is not None:
            say(f"{what:<7} {written}")


def _rows(data: str, drop: list[str] | None, model: Path | None) -> "Examples":
    from isthmus.cli.configuration import Configuration
    from isthmus.cli.rows import as_in_fit, examples

    configuration = Configuration() if model is None else as_in_fit(model)
    configuration.drop = configuration.drop if drop is None else drop
    return examples(data, configuration, missing_ok=model is not None)


def _parts(rows: "Examples", seed: int) -> "tuple[Examples, Examples | None]":
    """Rows to learn from; a fifth is held out to measure on, where there are enough."""
    import numpy as np

    if len(rows) < FEWEST:
        return rows, None
    order = np.random.default_rng(seed).permutation(len(rows))
    count = len(rows) // 5
    return rows.take(np.sort(order[count:])), rows.take(np.sort(order[:count]))


def write_report(filler: Any, train: "Examples", test: "Examples", place: Path, data: str) -> None:
    """The page about the model."""
    from isthmus.report.page import write

    words = ["isthmus", "impute", *(sys.argv[2:] if sys.argv[1:2] == ["impute"] else [data])]
    write(filler, train=train, test=test, path=place, command=shlex.join(words))


def _filler(model: Path | None, rows: "Examples", *, seed: int, progress: bool) -> Any:
    """A saved model, or one that learns the rows."""
    from isthmus.loading import load
    from isthmus.models.table_mae import TableMAE

    if model is None:
        estimator = TableMAE(random_state=seed)
        return estimator.set_params(trainer=estimator.usual_trainer(len(rows)).set_params(progress=progress)).fit(rows)
    found = load(model)
    if not hasattr(found, "impute"):
        raise ParameterError(f"{model} is of type {type(found).__name__}, which fills no gaps; TableMAE and VAE do")
    return found


def _write(place: Path, table: Any, names: list[str], found: Any) -> None:
    """The table, and beside it the ends of intervals where some are missing."""
    import numpy as np

    columns, values = list(names), [np.asarray(table, dtype=object)]
    if found is not None:
        low, high = (np.asarray(each, dtype=object) for each in (found.low, found.high))
        for i, name in enumerate(names):
            if (low[:, i] != high[:, i]).any():
                columns += [f"{name}_low", f"{name}_high"]
                values += [low[:, i : i + 1], high[:, i : i + 1]]
    write_table(np.concatenate(values, axis=1), place, columns)


def _told(filler: Any, rows: "Examples", names: list[str]) -> str:
    """How many gaps there were, column by column."""
    import numpy as np

    gaps = np.isnan(filler.schema_.known(rows)).sum(0)
    if not gaps.any():
        return f"{counted(len(rows), 'row')} without gaps: nothing was filled"
    each = ", ".join(f"{name} {count:,}" for name, count in zip(names, gaps, strict=True) if count)
    return f"{counted(int(gaps.sum()), 'gap')} in {counted(len(rows), 'row')}: {each}"
