"""Find what does not belong in a series."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.outputs import check_new_model, check_out, say, write_table
from isthmus.errors import ParameterError, check, counted

if TYPE_CHECKING:
    from isthmus.tasks.series_detector import SeriesDetector

ENDINGS = (".csv", ".parquet")


def command(
    data: Annotated[str, typer.Argument(help="A .csv or .parquet with a row for each point in time, or a .npy.")],
    new: Annotated[str | None, typer.Option(help="A series to look at; by default DATA.")] = None,
    model: Annotated[Path | None, typer.Option(help="A saved detector of series, which looks at DATA.")] = None,
    time: Annotated[
        str | None, typer.Option(help="Column of time stamps; by default the one that holds dates.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Score and decision of each row: .csv or .parquet.")] = None,
    top: Annotated[int, typer.Option(help="So many of the strongest alarms are shown.")] = 20,
    contamination: Annotated[
        float | None, typer.Option(help="Share of the rows of DATA that does not belong; by default 0.01.")
    ] = None,
    alarms_per_day: Annotated[float | None, typer.Option(help="Instead: the most alarms a day.")] = None,
    window: Annotated[int | None, typer.Option(help="Rows in a window; by default whole periods.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    save: Annotated[Path | None, typer.Option(help="Folder for the detector, for --model.")] = None,
    picture: Annotated[Path | None, typer.Option(help="The series with its scores and alarms: .png.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> None:
    """Find stretches of a series that do not belong, with Sub-PCA beside it.

    Examples:

    - `isthmus detect-series readings.csv --alarms-per-day 1 --picture readings.png`
    - `isthmus detect-series january.csv --new february.csv --out scores.csv --save detectors/pump`
    """
    import numpy as np
    from scipy.ndimage import maximum_filter1d

    from isthmus.tasks.sub_pca import SubPCA, fitting_series, not_judged

    for place, endings in ((out, ENDINGS), (picture, (".png",))):
        if place is not None:
            check_out(place, force=force, sources=[data, *([new] if new else [])], endings=endings)
    if save is not None:
        check_new_model(save, force=force)
    check("detect-series", (top >= 1, f"--top is {top}; expected 1 or more"))
    detector = _detector(
        model,
        data,
        {"contamination": contamination, "alarms_per_day": alarms_per_day, "window": window, "time": time},
        seed,
    )
    series = data if new is None else new
    scores, decision, alarms = detector.anomaly_score(series), detector.predict(series), detector.alarms(series)
    known = fitting_series(detector, series)
    if out is not None:
        stamps = {} if known.stamps is None else {"time": [str(each) for each in known.stamps.astype("datetime64[ms]")]}
        write_table(np.column_stack([scores, decision]), out, ("score", "decision"), words=stamps)
    if save is not None:
        detector.save(save)
    if picture is not None:
        _draw(detector, series, scores, picture)
    said = f"{counted(len(alarms), 'alarm')} in {counted(len(scores), 'row')}"
    say(f"{said}, windows of {detector.window_}, threshold {-detector.offset_:.4g}; the strongest:")
    for alarm in sorted(alarms, key=lambda each: -each.score)[:top]:
        say(f"  {alarm}")
    left = not_judged(known, detector.window_)
    if left:
        say(f"{counted(left, 'point')} of {len(known.values):,} filled in, or between such, and not judged.")
    if model is None:
        rival = SubPCA(window=detector.window_, time=time).fit(data).anomaly_score(series)
        many = max(1, int((decision == -1).sum()))
        theirs = np.isin(np.arange(len(rival)), np.argsort(-rival)[:many])
        near = maximum_filter1d(theirs, 2 * detector.window_ + 1, mode="constant")
        share = (near & (decision == -1)).sum() / many
        say(f"Sub-PCA's strangest rows, as many, are within a window of {share:.0%} of these.")
    for what, written in (("scores", out), ("detector", save), ("picture", picture)):
        if written is not None:
            say(f"{what:<9} {written}")


def _detector(model: Path | None, data: str, told: dict[str, Any], seed: int) -> "SeriesDetector":
    """A new one, or one that was saved."""
    from isthmus.tasks.loading import load
    from isthmus.tasks.series_detector import SeriesDetector

    given = {word: value for word, value in told.items() if value is not None}
    if model is None:
        return SeriesDetector(**given, random_state=seed).fit(data)
    found: Any = load(model)
    if not isinstance(found, SeriesDetector):
        raise ParameterError(f"{model} is of type {type(found).__name__}; expected a detector of series")
    if given:
        words = ", ".join(f"--{word.replace('_', '-')}" for word in given)
        raise ParameterError(f"{model} has settings of its own: leave out {words}, or fit a new one without --model")
    return found


def _draw(detector: "SeriesDetector", data: Any, scores: Any, place: Path) -> None:
    """Each feature above the scores, alarms marked."""
    from isthmus.cli.outputs import replaced
    from isthmus.report.figures import COLOURS, figure, tidy

    explained, most = detector.explain(data), 4
    names = explained.columns[:most]
    made = figure(10, 1.6 * (len(names) + 1))
    axes = made.subplots(len(names) + 1, 1, sharex=True, squeeze=False)[:, 0]
    for i, name in enumerate(names):
        axes[i].plot(explained.values[:, i], color=COLOURS[7], linewidth=0.7)
        axes[i].plot(explained.expected[:, i], color=COLOURS[4], linewidth=0.7)
        axes[i].set_ylabel(name)
    axes[-1].plot(scores, color=COLOURS[0], linewidth=0.8)
    axes[-1].axhline(-detector.offset_, color=COLOURS[5], linewidth=1)
    axes[-1].set_ylabel("score")
    axes[-1].set_xlabel("row")
    for each in axes:
        tidy(each)
        for alarm in detector.alarms(data):
            each.axvspan(alarm.begin, alarm.end, color=COLOURS[1], alpha=0.3, linewidth=0)
    with replaced(place) as partial:
        made.savefig(partial, format="png")
