"""Gaps in a text, filled in."""

from pathlib import Path
from typing import Annotated, Any

import typer

from isthmus.cli.outputs import say


def command(
    model: Annotated[Path, typer.Argument(help="Folder of a saved MaskedLM.")],
    text: Annotated[str, typer.Argument(help="A text with gaps, written [MASK].")],
    candidates: Annotated[int, typer.Option(help="Show so many tokens for each gap, with their probabilities.")] = 0,
) -> None:
    """Fill the gaps of TEXT with the likeliest tokens.

    Examples:

    - `isthmus fill models/language "the [MASK] sat on the mat"`
    - `isthmus fill models/language "the [MASK] sat on the mat" --candidates 5`
    """
    from isthmus.errors import ParameterError
    from isthmus.loading import load

    estimator: Any = load(model)
    if not hasattr(estimator, "fill"):
        raise ParameterError(f"{model} is of type {type(estimator).__name__}, which fills no gaps; MaskedLM does")
    say(estimator.fill([text])[0])
    if candidates:
        for number, found in enumerate(estimator.candidates([text], candidates)[0], 1):
            told = ", ".join(f"{each.token.strip()} {each.probability:.3f}" for each in found)
            say(f"gap {number}: {told}")
