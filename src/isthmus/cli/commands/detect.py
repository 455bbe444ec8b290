"""Find rows that do not belong."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.outputs import TABLES, check_new_model, check_out, print_json, say, write_table
from isthmus.errors import ParameterError

if TYPE_CHECKING:
    from isthmus.data.examples import Examples
    from isthmus.metrics.strange_rows import StrangeRows
    from isthmus.tasks.anomaly_detector import AnomalyDetector

SCORES, REASONS = (".csv", ".parquet"), 3


def command(
    data: Annotated[str, typer.Argument(help="Rows to learn from: a file, a folder, or a data set by name.")],
    new: Annotated[str | None, typer.Option(help="Rows to look at; by default those of DATA.")] = None,
    model: Annotated[
        Path | None, typer.Option(help="A saved detector, which looks at DATA; or a fitted model, to be used as it is.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Scores, p-values, decisions and reasons: .csv or .parquet.")] = None,
    explanations: Annotated[
        Path | None, typer.Option(help="What each value adds to the score of its row: .csv, .parquet or .npy.")
    ] = None,
    top: Annotated[int, typer.Option(help="So many of the strangest rows are shown.")] = 20,
    contamination: Annotated[
        float | None, typer.Option(help="Share of DATA that does not belong, up to 0.5; by default 0.1.")
    ] = None,
    false_alarm_rate: Annotated[
        float | None, typer.Option(help="Instead: share of usual rows that may be called strange.")
    ] = None,
    normal: Annotated[bool, typer.Option("--normal", help="All rows of DATA belong: learn from all of them.")] = False,
    labels: Annotated[
        str | None, typer.Option(help="Column that says which rows do not belong (1, or -1): to measure, not to learn.")
    ] = None,
    drop: Annotated[list[str] | None, typer.Option(help="A column to leave out; may be given again.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    save: Annotated[Path | None, typer.Option(help="Folder for the detector, for --model.")] = None,
    report: Annotated[Path | None, typer.Option(help="An HTML page: scores, reasons, other tools.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Find the rows that do not belong, say how sure that is, and why.

    Examples:

    - `isthmus detect measurements.csv --contamination 0.02 --out scores.csv --report strange.html`
    - `isthmus detect good.csv --normal --new today.csv --false-alarm-rate 0.01 --save detectors/plant`
    - `isthmus detect tomorrow.csv --model detectors/plant --out scores.csv`
    """
    from isthmus.cli.rows import labelled, tell_quarantined
    from isthmus.tasks.strange_rows import strange_rows

    for place, endings in ((out, SCORES), (explanations, TABLES), (report, (".html",))):
        if place is not None:
            check_out(place, force=force, sources=[data, *([new] if new else [])], endings=endings)
    if save is not None:
        check_new_model(save, force=force)
    if top < 1:
        raise ParameterError(f"--top is {top}; expected 1 or more")
    known = labelled(data, labels, drop, missing_ok=model is not None)
    looked_at = known if new is None else labelled(new, labels, drop, missing_ok=True)
    tell_quarantined(known, *([] if new is None else [looked_at]))
    detector = _detector(
        model,
        known,
        contamination=contamination,
        false_alarm_rate=false_alarm_rate,
        normal=normal,
        seed=seed,
        progress=not quiet,
    )
    found = strange_rows(detector, looked_at, top, None if labels is None else looked_at.labels)
    if out is not None:
        _write_scores(detector, looked_at, out)
    if explanations is not None:
        explained = detector.explain(looked_at)
        write_table(explained.adds, explanations, explained.names, looked_at.names)
    if save is not None:
        detector.save(save)
    if report is not None:
        from isthmus.report.page import write

        words = ["isthmus", "detect", *(sys.argv[2:] if sys.argv[1:2] == ["detect"] else [data])]
        write(detector.model_, train=known, test=looked_at, path=report, command=shlex.join(words), findings=(found,))
    if json:
        print_json(_as_json(found))
        return
    say(found.as_text())
    for name, place in (("scores", out), ("explanations", explanations), ("detector", save), ("report", report)):
        if place is not None:
            say(f"{name:<12} {place}")


def _detector(
    model: Path | None,
    known: "Examples",
    *,
    contamination: float | None,
    false_alarm_rate: float | None,
    normal: bool,
    seed: int,
    progress: bool,
) -> "AnomalyDetector":
    """A new one; one with a fitted model; or one that was saved, which needs no fitting."""
    from isthmus.tasks.anomaly_detector import AnomalyDetector
    from isthmus.tasks.loading import load
    from isthmus.training.trainer import Trainer

    given = None if model is None else load(model)
    if isinstance(given, AnomalyDetector):
        if contamination is not None or false_alarm_rate is not None or normal:
            raise ParameterError(
                f"{model} is a detector with a threshold of its own ({given.rule}): leave out --contamination, "
                "--false-alarm-rate and --normal, or fit a new one without --model"
            )
        return given
    detector = AnomalyDetector(
        given,
        training="normal" if normal else "contaminated",
        contamination=contamination,
        false_alarm_rate=false_alarm_rate,
        trainer=Trainer(progress=progress),
        random_state=seed,
    )
    return detector.fit(known)


def _write_scores(detector: "AnomalyDetector", rows: "Examples", out: Path) -> None:
    """A row for each: score, p-value, decision (1 or -1), and the values that add most."""
    import numpy as np

    scores = detector.anomaly_score(rows)
    decision = np.where(scores <= -detector.offset_, 1, -1)
    why = {}
    if detector.explains:
        explained = detector.explain(rows)
        why = {"why": ["; ".join(map(str, explained.top(row, REASONS))) for row in range(len(rows))]}
    values = np.column_stack([scores, detector.p_value_of(scores), decision])
    names = rows.names or [str(row) for row in range(len(rows))]
    write_table(values, out, ("score", "p_value", "decision"), names, why)


def _as_json(found: "StrangeRows") -> dict[str, Any]:
    strangest = [
        {"row": row.name, "score": row.score, "p_value": row.p_value, "why": [vars(each) for each in row.reasons]}
        for row in found.rows
    ]
    return {
        "rows": len(found.scores),
        "alarms": found.alarms,
        "threshold": found.threshold,
        "rule": found.rule,
        "strangest": strangest,
        "comparison": [vars(each) for each in found.comparison.rows] if found.comparison else [],
    }
