"""Examples as they would have been."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.outputs import UsageError, check_form, check_place, print_json, say, write_examples
from isthmus.errors import ParameterError


def command(
    model: Annotated[Path, typer.Argument(help="Folder of a saved model with concepts, such as a CausalVAE.")],
    data: Annotated[str, typer.Argument(help="A file, a folder of pictures, or a data set by name.")],
    out: Annotated[Path, typer.Option(help="A .csv, .npy or .parquet file; for pictures also a folder.")],
    do: Annotated[
        list[str] | None, typer.Option(help="CONCEPT=VALUE: set it, in its unit. May be given again: all at once.")
    ] = None,
    size: Annotated[str | None, typer.Option(help="Bring pictures to HEIGHTxWIDTH.")] = None,
    labels: Annotated[str | None, typer.Option(help="A column that is no feature.")] = None,
    drop: Annotated[list[str] | None, typer.Option(help="A column to leave out; may be given again.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Set concepts of examples: what they cause follows, and nothing else changes.

    Right only where the model's graph is, which `isthmus report` shows.

    Examples:

    - `isthmus intervene models/pendulum new/ --do light=45 --out changed/`
    - `isthmus intervene models/pendulum pendulum --do light=45 --do pendulum=-10 --out changed.npy`
    """
    import numpy as np

    from isthmus.causal_estimator import CausalEstimator
    from isthmus.cli.rows import as_in_fit, examples, tell_quarantined
    from isthmus.loading import load

    values = _values(do or ())
    check_place(out, force=force, sources=(data,))
    estimator = load(model)
    if not isinstance(estimator, CausalEstimator):
        raise ParameterError(
            f"{model} holds a {type(estimator).__name__}, which has no concepts to set; expected a model such as "
            "CausalVAE. To change an attribute by its direction in the code: isthmus edit"
        )
    check_form(estimator, out)
    rows = examples(data, as_in_fit(model, size=size, labels=labels, drop=drop), missing_ok=True)
    tell_quarantined(rows)
    found = estimator.do(rows, values)
    write_examples(estimator, np.asarray(found.examples), out, names=rows.names, quiet=json)
    if json:
        before, after = ({name: each.tolist() for name, each in told.items()} for told in (found.before, found.after))
        print_json({"out": str(out), "done": found.done, "moved": found.moved, "before": before, "after": after})
    else:
        say(found.as_text())


def _values(given: Sequence[str]) -> dict[str, float]:
    """CONCEPT=VALUE."""
    if not given:
        raise UsageError("Missing option '--do': CONCEPT=VALUE")
    found: dict[str, float] = {}
    for text in given:
        name, equals, value = text.rpartition("=")
        if name in found:
            raise ParameterError(f"--do {text}: {name} is set to {found[name]:g} already; expected each concept once")
        try:
            found[name] = float(value)
        except ValueError as error:
            raise ParameterError(f"--do {text}: {value!r} is no number; expected CONCEPT=VALUE") from error
        if not equals or not name:
            raise ParameterError(f"--do {text}: expected CONCEPT=VALUE")
    return found
