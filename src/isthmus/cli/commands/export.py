"""A model as graphs that run without PyTorch."""

from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.outputs import say
from isthmus.errors import ParameterError


def command(
    model: Annotated[Path, typer.Argument(help="Folder of a saved model.")],
    out: Annotated[Path, typer.Option(help="Folder for the graphs.")],
    data: Annotated[
        str | None, typer.Argument(help="Rows to check the graphs with; by default those that fit kept aside.")
    ] = None,
    graph: Annotated[
        list[str] | None, typer.Option(help="encode, decode or reconstruct; may be given again. By default all.")
    ] = None,
    size: Annotated[str | None, typer.Option(help="Bring pictures to HEIGHTxWIDTH.")] = None,
    text: Annotated[str | None, typer.Option(help="Column of texts; by default as in fit.")] = None,
    labels: Annotated[str | None, typer.Option(help="A column that is no feature.")] = None,
    drop: Annotated[list[str] | None, typer.Option(help="A column to leave out; may be given again.")] = None,
    condition: Annotated[
        str | None, typer.Option(help="A class for all rows, for conditional models; by default their labels.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace graphs that are there.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Write a model as ONNX graphs, each checked against the model; a Python without PyTorch runs them.

    Example: `isthmus export models/plant --out exported/plant`
    """
    from isthmus.cli.conditions import condition_of
    from isthmus.cli.rows import as_in_fit, examples, saved_rows, tell_quarantined
    from isthmus.export.folder import check_place, to_onnx
    from isthmus.loading import load

    check_place(out.resolve())
    if out.exists() and any(out.iterdir()) and not force:
        raise ParameterError(f"{out} holds an exported model; pass --force to replace it, or choose another --out")
    estimator = load(model)
    if data is None:
        rows = saved_rows(model).test if estimator.encodes else None
    else:
        rows = examples(data, as_in_fit(model, size=size, labels=labels, drop=drop, text=text), missing_ok=True)
        tell_quarantined(rows)
    if not quiet:
        say("writing the graphs, and checking each with 1, 7 and 1000 rows ...")
    told = None if rows is None or estimator.condition_ is None else condition_of(estimator, rows, condition)
    say(to_onnx(estimator, out, rows, told, graphs=graph).as_text())
    say(f"written to {out}; in Python: isthmus.export.run.load({str(out)!r})")
