"""Take noise out of rows."""

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.outputs import check_form, check_new_model, check_out, print_json, say, write_examples
from isthmus.errors import ParameterError, check

if TYPE_CHECKING:
    from isthmus.data.examples import Examples
    from isthmus.metrics.denoised_rows import DenoisedRows
    from isthmus.tasks.denoiser import Denoiser


def command(
    data: Annotated[str, typer.Argument(help="Noisy rows: a file, a folder of pictures, or a data set by name.")],
    out: Annotated[Path, typer.Option(help="A .csv, .npy or .parquet file; for pictures also a folder.")],
    clean: Annotated[str | None, typer.Option(help="Clean rows like them, to learn from.")] = None,
    model: Annotated[
        Path | None, typer.Option(help="A saved denoiser, which needs no clean rows; or with --clean a fitted model.")
    ] = None,
    level: Annotated[
        str,
        typer.Option(
            help="Standard deviation of the noise, in the units of DATA; 'all': estimated for all rows together; "
            "'each': for each row by itself."
        ),
    ] = "all",
    refining_steps: Annotated[
        int | None,
        typer.Option(
            help="Of learning what the pixels around each one tell; 0: not to look at these, which is faster."
        ),
    ] = None,
    drop: Annotated[list[str] | None, typer.Option(help="A column to leave out; may be given again.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    save: Annotated[Path | None, typer.Option(help="Folder for the denoiser, for --model.")] = None,
    report: Annotated[Path | None, typer.Option(help="An HTML page: before and after, filters beside it.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Take Gaussian noise out of pictures, or of a table of numbers, after clean ones were learnt.

    How strong the noise is is estimated where it is not told. Where clean rows are learnt, a fifth of them is held out,
    and how well these come back is told beside the usual filters.

    Examples:

    - `isthmus denoise scans/ --clean good/ --out better/ --save denoisers/scans --report scans.html`
    - `isthmus denoise new/ --model denoisers/scans --out better/ --level each`
    """
    from isthmus.cli.clean_rows import clean_parts, schema_of
    from isthmus.cli.rows import labelled, tell_quarantined

    check_out(out, force=force, sources=[data, *([] if clean is None else [clean])])
    if report is not None:
        check_out(report, force=force, sources=[data], endings=(".html",))
    if save is not None:
        check_new_model(save, force=force)
    wanted = _level(level)
    check("denoise", (clean is not None or model is not None, "name clean rows, --clean, or a saved denoiser, --model"))
    noisy = labelled(data, None, drop, missing_ok=True)
    known = None if clean is None else labelled(clean, None, drop, missing_ok=True)
    tell_quarantined(noisy, *([] if known is None else [known]))
    if known is not None:
        schema_of(known, "Denoiser").check(noisy, "Denoiser")
    learnt, held_out = (None, None) if known is None else clean_parts(known, seed)
    denoiser = _denoiser(model, learnt, steps=refining_steps, seed=seed, progress=not quiet)
    check_form(denoiser.model_, out)
    found = _found(denoiser, noisy, wanted, learnt, held_out, seed)
    write_examples(denoiser.model_, found.denoised, out, names=noisy.names, quiet=json)
    if save is not None:
        denoiser.save(save)
    if report is not None:
        from isthmus.report.page import write

        words = ["isthmus", "denoise", *(sys.argv[2:] if sys.argv[1:2] == ["denoise"] else [data])]
        train, test = (noisy if part is None else part for part in (learnt, held_out))
        write(denoiser.model_, train=train, test=test, path=report, command=shlex.join(words), findings=(found,))
    if json:
        print_json(found.to_json())
        return
    say(found.as_text())
    for name, place in (("denoiser", save), ("report", report)):
        if place is not None:
            say(f"{name:<12} {place}")


def _level(text: str) -> Any:
    """A number, ``"all"`` or ``"each"``."""
    if text in ("all", "each"):
        return text
    try:
        return float(text)
    except ValueError:
        raise ParameterError(f"--level is {text!r}; expected a number, 'all' or 'each'") from None


def _denoiser(
    model: Path | None, clean: "Examples | None", *, steps: int | None, seed: int, progress: bool
) -> "Denoiser":
    """A saved one; or one that learns clean rows, with a fitted model where one is named."""
    from isthmus.cli.clean_rows import tell_learnt
    from isthmus.tasks.denoiser import REFINING_STEPS, Denoiser
    from isthmus.tasks.loading import load
    from isthmus.training.trainer import Trainer

    given = None if model is None else load(model)
    if isinstance(given, Denoiser):
        if clean is not None:
            raise ParameterError(f"{model} is a denoiser that has learnt its clean rows: leave out --clean, or --model")
        if steps is not None:
            raise ParameterError(f"{model} is a denoiser that has learnt: leave out --refining-steps")
        return given
    if clean is None:
        raise ParameterError(f"{model} holds {type(given).__name__}, no denoiser: name clean rows, too, with --clean")
    if model is not None:
        tell_learnt(model, clean)
    trainer = Trainer(progress=progress) if given is None else None
    steps = REFINING_STEPS if steps is None else steps
    return Denoiser(given, refining_steps=steps, trainer=trainer, random_state=seed).fit(clean)


def _found(
    denoiser: "Denoiser",
    noisy: "Examples",
    level: Any,
    learnt: "Examples | None",
    held_out: "Examples | None",
    seed: int,
) -> "DenoisedRows":
    """The rows without noise; of clean ones that were held out what comes back of as much noise."""
    import numpy as np

    from isthmus.metrics.denoised_rows import DenoisedRows

    bare = replace(noisy, container="numpy")
    levels = denoiser.levels_of(bare, level)
    comparison = shown = None
    if held_out is not None:
        usual = float(np.clip(np.median(levels), *denoiser.levels_))
        comparison = denoiser.against_filters(held_out, usual, known=learnt, random_state=seed)
        some = replace(held_out.take(range(min(20, len(held_out)))), container="numpy")
        spoilt = denoiser.with_noise(some, usual, seed)
        shown = (some.values, spoilt, denoiser.denoise(spoilt, usual))
    return DenoisedRows(
        noisy=noisy.values,
        denoised=np.asarray(denoiser.denoise(bare, levels)),
        levels=levels,
        most=denoiser.levels_[1],
        comparison=comparison,
        shown=shown,
    )
