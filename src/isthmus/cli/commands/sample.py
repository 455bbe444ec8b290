"""New data."""

from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.outputs import check_out, say, write_examples


def command(
    model: Annotated[Path, typer.Argument(help="Folder of a saved model with a prior (vae, beta_vae, cvae).")],
    out: Annotated[Path, typer.Option(help="A .csv, .npy or .parquet file; for pictures also a folder.")],
    count: Annotated[int, typer.Option("--count", "-n", help="How many.")] = 16,
    condition: Annotated[str | None, typer.Option(help="A class, for conditional models.")] = None,
    seed: Annotated[int, typer.Option(help="Seed.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
) -> None:
    """Draw new examples from the prior.

    Example: `isthmus sample models/faces -n 64 --out faces/`
    """
    from isthmus.cli.conditions import as_condition
    from isthmus.loading import load

    check_out(out, force=force)
    estimator = load(model, part="decoder")
    values = estimator.sample(count, as_condition(estimator, condition), random_state=seed)
    write_examples(estimator, values, out)
    say(f"{len(values)} examples: {out}")
