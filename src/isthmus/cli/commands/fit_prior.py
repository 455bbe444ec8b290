"""Fit a prior over the symbols of a model."""

from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.outputs import print_json, say


def command(
    model: Annotated[Path, typer.Argument(help="Folder of a saved model with discrete codes (vqvae, fsqvae ...).")],
    data: Annotated[str | None, typer.Argument(help="Rows to learn from; by default those of fit.")] = None,
    labels: Annotated[str | None, typer.Option(help="Column of labels: the prior is then conditional on them.")] = None,
    conditional: Annotated[
        bool, typer.Option("--conditional", help="Condition on the labels that the rows come with.")
    ] = False,
    width: Annotated[int, typer.Option(help="Width of the transformer.")] = 128,
    depth: Annotated[int, typer.Option(help="Its blocks.")] = 4,
    heads: Annotated[int, typer.Option(help="Its attention heads.")] = 4,
    epochs: Annotated[int | None, typer.Option(help="Passes; by default the data's size decides.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Fit the second stage: a transformer over the symbols, after which `isthmus sample` works.

    Example: `isthmus fit-prior models/tokens --conditional`
    """
    from isthmus.cli.discrete import discrete
    from isthmus.cli.rows import as_in_fit, examples, saved_rows
    from isthmus.errors import DataError, ParameterError
    from isthmus.loading import load
    from isthmus.metrics.rate import two_stages
    from isthmus.training.trainer import Trainer

    if data is None and labels is not None:
        raise ParameterError(
            f"--labels {labels} names a column of DATA, and there is no DATA. The rows of fit are read as in fit: to "
            "condition on the labels that they came with, --conditional"
        )
    estimator = discrete(load(model), model)
    own = saved_rows(model) if data is None else None
    rows = own.train if own is not None else examples(str(data), as_in_fit(model, labels=labels), missing_ok=True)
    wanted = conditional or labels is not None
    if labels is not None and rows.labels is None:
        columns = f"; its columns are {', '.join(rows.columns)}" if rows.columns else ""
        raise DataError(f"{data} has no column {labels!r}{columns}")
    if wanted and rows.labels is None:
        how = "name their column by --labels" if data else "name DATA that have some, and their column by --labels"
        raise DataError(f"{data or 'The data of fit'} has no labels to condition on: {how}")
    trainer = Trainer(progress=not quiet, epochs="auto" if epochs is None else epochs)
    estimator.fit_prior(rows, rows.labels if wanted else None, width=width, depth=depth, heads=heads, trainer=trainer)
    found = two_stages(estimator, own.test) if own is not None and len(own.test) else {}
    kept = {name: value for name, value in estimator.metrics_.items() if "bits_per_dim" not in name}
    estimator.save(model, metrics={**kept, **found})
    if json:
        print_json({"model": str(model), **found})
        return
    for name, value in found.items():
        say(f"{name.replace('_', ' ')}  {value:.4g}")
    say(f"model   {model}\nnext    isthmus sample {model} -n 16 --out new.npy")
