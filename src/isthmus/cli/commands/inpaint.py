"""Fill hidden parts of pictures or rows in."""

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
    from isthmus.tasks.inpainter import Inpainter


def command(
    data: Annotated[str, typer.Argument(help="Rows with hidden parts: a file, a folder, or a data set by name.")],
    out: Annotated[Path, typer.Option(help="A .csv, .npy or .parquet file; for pictures also a folder.")],
    mask: Annotated[
        Path | None,
        typer.Option(help="A picture, white where rows are hidden; or .npy: booleans, for all rows or for each."),
    ] = None,
    box: Annotated[str | None, typer.Option(help="TOP,LEFT,HEIGHT,WIDTH of what is hidden, in pixels.")] = None,
    columns: Annotated[str | None, typer.Option(help="Columns of a table that are hidden, by commas.")] = None,
    clean: Annotated[str | None, typer.Option(help="Whole rows like them, to learn from.")] = None,
    model: Annotated[
        Path | None, typer.Option(help="A saved inpainter, which needs no whole rows; or with --clean a fitted model.")
    ] = None,
    draws: Annotated[int, typer.Option(help="Write so many completions (OUT-1, OUT-2, ...), each of one code.")] = 0,
    drop: Annotated[list[str] | None, typer.Option(help="A column to leave out; may be given again.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    save: Annotated[Path | None, typer.Option(help="Folder for the inpainter, for --model.")] = None,
    report: Annotated[Path | None, typer.Option(help="An HTML page: what is seen, and filled in.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Fill in what is hidden of pictures, or of a table of numbers, by codes that fit what is seen.

    What DATA holds where it is hidden is not looked at. Where whole rows are learnt, a fifth of them is held out, and
    how well their hidden parts come back is told beside the usual ways. Gaps of a table are filled by isthmus impute.

    Examples:

    - `isthmus inpaint scans/ --mask scratch.png --clean good/ --out whole/ --save inpainters/scans`
    - `isthmus inpaint new/ --box 4,4,10,10 --model inpainters/scans --out whole/ --draws 3`
    """
    from isthmus.cli.clean_rows import clean_parts, schema_of
    from isthmus.cli.masks import hidden_part
    from isthmus.cli.rows import labelled, tell_quarantined
    from isthmus.metrics.inpainted_rows import InpaintedRows
    from isthmus.tasks.hidden_parts import rows_and_mask

    check("inpaint", (draws >= 0, f"--draws is {draws}; expected 0 or more"))
    places = [out] if draws == 0 else [out.with_stem(f"{out.stem}-{number}") for number in range(1, draws + 1)]
    sources = [data, *([] if clean is None else [clean])]
    for place in places:
        check_out(place, force=force, sources=sources)
    if report is not None:
        check_out(report, force=force, sources=sources, endings=(".html",))
    if save is not None:
        check_new_model(save, force=force)
    check(
        "inpaint", (clean is not None or model is not None, "name whole rows, --clean, or a saved inpainter, --model")
    )
    rows = labelled(data, None, drop, missing_ok=True)
    hidden = hidden_part(rows, mask=mask, box=box, columns=columns)
    known = None if clean is None else labelled(clean, None, drop, missing_ok=True)
    tell_quarantined(rows, *([] if known is None else [known]))
    if known is not None:
        rows_and_mask(rows, hidden, schema_of(known, "Inpainter"), "Inpainter")  # before anything is learnt
    learnt, held_out = (None, None) if known is None else clean_parts(known, seed)
    inpainter = _inpainter(model, learnt, seed=seed, progress=not quiet)
    check_form(inpainter.model_, out)
    made = inpainter.inpaint(replace(rows, container="numpy"), hidden, draws=draws or None, random_state=seed)
    covered = inpainter.covered(rows, hidden)
    alike = held_out is not None and len(covered) == 1
    found = InpaintedRows(
        rows=rows.values,
        hidden=covered,
        filled=tuple(map(_array, made)) if draws else (_array(made),),
        comparison=inpainter.against_baselines(held_out, hidden) if alike else None,
    )
    for place, filled in zip(places, found.filled, strict=True):
        write_examples(inpainter.model_, filled, place, names=rows.names, quiet=json)
    if save is not None:
        inpainter.save(save)
    if report is not None:
        from isthmus.report.page import write

        words = ["isthmus", "inpaint", *(sys.argv[2:] if sys.argv[1:2] == ["inpaint"] else [data])]
        train, test = (rows if part is None else part for part in (learnt, held_out))
        write(inpainter.model_, train=train, test=test, path=report, command=shlex.join(words), findings=(found,))
    if json:
        print_json(found.to_json())
        return
    say(found.as_text())
    for name, written in (("inpainter", save), ("report", report)):
        if written is not None:
            say(f"{name:<12} {written}")


def _array(values: Any) -> Any:
    import numpy as np

    return np.asarray(values)


def _inpainter(model: Path | None, clean: "Examples | None", *, seed: int, progress: bool) -> "Inpainter":
    """A saved one; or one that learns whole rows, with a fitted model where one is named."""
    from isthmus.cli.clean_rows import tell_learnt
    from isthmus.tasks.inpainter import Inpainter
    from isthmus.tasks.loading import load
    from isthmus.training.trainer import Trainer

    given = None if model is None else load(model)
    if isinstance(given, Inpainter):
        if clean is not None:
            raise ParameterError(f"{model} is an inpainter that has learnt its rows: leave out --clean, or --model")
        return given
    if clean is None:
        raise ParameterError(f"{model} holds {type(given).__name__}, no inpainter: name whole rows, too, with --clean")
    if model is not None:
        tell_learnt(model, clean)
    trainer = Trainer(progress=progress) if given is None else None
    return Inpainter(given, trainer=trainer, random_state=seed).fit(clean)
