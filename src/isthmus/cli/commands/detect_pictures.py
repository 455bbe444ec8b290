"""Find pictures that do not belong, and where."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.outputs import check_new_model, check_out, check_place, say, write_table
from isthmus.errors import ParameterError, check

if TYPE_CHECKING:
    from isthmus.tasks.patch_detector import PatchDetector

ENDINGS = (".csv", ".parquet")


def command(
    data: Annotated[str, typer.Argument(help="Pictures that belong: a folder, a .zip, an array, a data set by name.")],
    new: Annotated[str | None, typer.Option(help="Pictures to look at; by default those of DATA.")] = None,
    model: Annotated[Path | None, typer.Option(help="A saved detector of pictures, which looks at DATA.")] = None,
    out: Annotated[Path | None, typer.Option(help="Score, p-value and decision of each: .csv or .parquet.")] = None,
    heat_maps: Annotated[Path | None, typer.Option(help="The strangest pictures above their heat maps: .png.")] = None,
    top: Annotated[int, typer.Option(help="So many of the strangest are shown.")] = 10,
    false_alarm_rate: Annotated[
        float | None, typer.Option(help="Share of pictures that belong that may be called strange; by default 0.05.")
    ] = None,
    size: Annotated[str | None, typer.Option(help="Bring pictures to HEIGHTxWIDTH.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    save: Annotated[Path | None, typer.Option(help="Folder for the detector, for --model.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> None:
    """Find pictures that do not belong among others of the same thing, and the places that make them so.

    Example: `isthmus detect-pictures good/ --new today/ --out scores.csv --heat-maps strange.png`
    """
    import numpy as np

    from isthmus.cli.configuration import Configuration
    from isthmus.cli.rows import examples, tell_quarantined

    for place, endings in ((out, ENDINGS), (heat_maps, (".png",))):
        if place is not None:
            check_place(place, force=force, sources=[data, *([new] if new else [])])
            check_out(place, force=force, endings=endings)
    if save is not None:
        check_new_model(save, force=force)
    check("detect-pictures", (top >= 1, f"--top is {top}; expected 1 or more"))
    configuration = Configuration()
    configuration.size = size
    known = examples(data, configuration)
    looked_at = known if new is None else examples(new, configuration)
    tell_quarantined(known, *([] if new is None else [looked_at]))
    detector = _detector(model, known, false_alarm_rate, seed)
    scores, p = detector.anomaly_score(looked_at), detector.p_value(looked_at)
    decision = np.where(scores <= -detector.offset_, 1, -1)
    names = looked_at.names or tuple(map(str, range(len(looked_at))))
    strangest = np.argsort(-scores, kind="stable")[:top]
    if out is not None:
        write_table(np.column_stack([scores, p, decision]), out, ("score", "p_value", "decision"), names)
    if save is not None:
        detector.save(save)
    if heat_maps is not None:
        _draw(detector, looked_at.take(strangest), heat_maps)
    say(f"{(decision == -1).sum()} of {len(scores)} pictures do not belong; the strangest:")
    for row in strangest:
        say(f"  {names[row]}: score {scores[row]:.4g}, p {p[row]:.3g}")
    for what, written in (("scores", out), ("detector", save), ("heat maps", heat_maps)):
        if written is not None:
            say(f"{what:<9} {written}")


def _detector(model: Path | None, known: Any, rate: float | None, seed: int) -> "PatchDetector":
    """A new one, or one that was saved."""
    from isthmus.tasks.loading import load
    from isthmus.tasks.patch_detector import PatchDetector

    if model is None:
        detector = PatchDetector(random_state=seed)
        return (detector if rate is None else detector.set_params(false_alarm_rate=rate)).fit(known)
    found: Any = load(model)
    if not isinstance(found, PatchDetector):
        raise ParameterError(f"{model} is of type {type(found).__name__}; expected a detector of pictures")
    if rate is not None:
        raise ParameterError(f"{model} has a threshold of its own: leave out --false-alarm-rate")
    return found


def _draw(detector: "PatchDetector", pictures: Any, place: Path) -> None:
    """Pictures in a row, their heat maps below."""
    import numpy as np

    from isthmus.cli.outputs import replaced
    from isthmus.report.figures import figure

    heat, count = detector.heat_map(pictures), len(pictures)
    values = pictures.values
    shown = np.moveaxis(values, 1, -1) if pictures.layout == "CHW" else values
    made = figure(max(3.0, 1.3 * count), 3.0)
    axes = made.subplots(2, count, squeeze=False)
    for i in range(count):
        picture = shown[i, ..., 0] if shown[i].ndim == 3 and shown[i].shape[-1] == 1 else shown[i]
        axes[0, i].imshow(picture, cmap="gray")
        axes[1, i].imshow(heat[i], cmap="inferno", vmin=0, vmax=float(heat.max()))
        for each in axes[:, i]:
            each.set_axis_off()
    with replaced(place) as partial:
        made.savefig(partial, format="png")
