"""New data."""

from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.outputs import check_out, say, write_examples


def command(
    model: Annotated[Path, typer.Argument(help="Folder of a saved model with a prior: a VAE, a GAN, a discrete one.")],
    out: Annotated[Path, typer.Option(help="A .csv, .npy or .parquet file; for pictures also a folder.")],
    count: Annotated[int, typer.Option("--count", "-n", help="How many.")] = 16,
    condition: Annotated[str | None, typer.Option(help="A class, for conditional models.")] = None,
    temperature: Annotated[
        float, typer.Option(help="For priors of fit-prior: below 1 is safer and less varied.")
    ] = 1.0,
    top_k: Annotated[int | None, typer.Option(help="For priors of fit-prior: only so many likeliest values.")] = None,
    seed: Annotated[int, typer.Option(help="Seed.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
) -> None:
    """Draw new examples from the prior.

    Example: `isthmus sample models/faces -n 64 --out faces/`
    """
    from isthmus.cli.conditions import as_condition
    from isthmus.discrete_estimator import DiscreteEstimator
    from isthmus.errors import ParameterError
    from isthmus.loading import load

    check_out(out, force=force)
    estimator = load(model, part="decoder")
    wanted, sharpened = as_condition(estimator, condition, drawing=True), temperature != 1 or top_k is not None
    if isinstance(estimator, DiscreteEstimator):
        values = estimator.sample(count, wanted, random_state=seed, temperature=temperature, top_k=top_k)
    elif sharpened:
        raise ParameterError(f"--temperature and --top-k are for priors of fit-prior; {model} has no symbols")
    else:
        values = estimator.sample(count, wanted, random_state=seed)
    write_examples(estimator, values, out)
    say(f"{len(values)} examples: {out}")
