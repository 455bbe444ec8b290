"""New data."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from isthmus.cli.outputs import check_form, check_place, write_examples
from isthmus.errors import ParameterError

if TYPE_CHECKING:
    from isthmus.estimator import Estimator


def command(
    model: Annotated[
        Path, typer.Argument(help="Folder of a saved model with a prior, from the start or by fit-prior.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            help="A .csv, .npy or .parquet file; for pictures also a folder; for texts .txt, .csv or .jsonl, printed "
            "where it is not given."
        ),
    ] = None,
    count: Annotated[int, typer.Option("--count", "-n", help="How many.")] = 16,
    condition: Annotated[str | None, typer.Option(help="A class, for conditional models.")] = None,
    temperature: Annotated[
        float, typer.Option(help="For texts and priors over symbols (fit-prior): below 1 is safer and less varied.")
    ] = 1.0,
    top_k: Annotated[
        int | None, typer.Option(help="For texts and priors over symbols (fit-prior): only so many likeliest values.")
    ] = None,
    top_p: Annotated[
        float | None, typer.Option(help="For texts: only the likeliest tokens that have this share together.")
    ] = None,
    beams: Annotated[
        int,
        typer.Option(help="For texts, with --temperature 0: so many beginnings are followed to find the likeliest."),
    ] = 1,
    seed: Annotated[int, typer.Option(help="Seed.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
) -> None:
    """Draw new examples from the prior.

    Example: `isthmus sample models/faces -n 64 --out faces/`
    """
    import numpy as np

    from isthmus.cli.conditions import as_condition
    from isthmus.discrete_estimator import DiscreteEstimator
    from isthmus.loading import load
    from isthmus.sequence_estimator import SequenceEstimator

    if out is not None:
        check_place(out, force=force)
    estimator = load(model)
    check_form(estimator, out)
    wanted, sharpened = as_condition(estimator, condition, drawing=True), temperature != 1 or top_k is not None
    if isinstance(estimator, SequenceEstimator):
        _check_drawing(temperature, top_k, top_p, beams)
        values = estimator.sample(
            count, wanted, random_state=seed, temperature=temperature, top_k=top_k, top_p=top_p, beams=beams
        )
    elif top_p is not None or beams != 1:
        raise ParameterError(f"--top-p and --beams are for models of texts; {_told(estimator, model)}")
    elif isinstance(estimator, DiscreteEstimator):
        values = estimator.sample(count, wanted, random_state=seed, temperature=temperature, top_k=top_k)
    elif sharpened:
        raise ParameterError(
            "--temperature and --top-k are for models of texts and for priors over symbols (fit-prior); "
            f"{_told(estimator, model)}, and has no symbols"
        )
    else:
        values = np.asarray(estimator.sample(count, wanted, random_state=seed))
    write_examples(estimator, values, out)


def _check_drawing(temperature: float, top_k: int | None, top_p: float | None, beams: int) -> None:
    """What goes together, in the words of the command line."""
    if beams > 1 and temperature != 0:
        raise ParameterError(f"--beams {beams} looks for the likeliest text of each code; take --temperature 0 with it")
    if temperature == 0 and (top_k is not None or top_p is not None):
        raise ParameterError("--top-k and --top-p are for drawing; take a --temperature above 0 with them")


def _told(estimator: "Estimator", folder: Path) -> str:
    return f"{folder} is of type {type(estimator).__name__}"
