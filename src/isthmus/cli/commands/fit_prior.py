"""Fit a prior over the codes of a model: over its symbols, where it has such."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.outputs import print_json, say

if TYPE_CHECKING:
    from isthmus.discrete_estimator import DiscreteEstimator
    from isthmus.estimator import Estimator

WIDTH, DEPTH, HEADS = 128, 4, 4


def command(
    model: Annotated[Path, typer.Argument(help="Folder of a saved model that encodes and decodes: ae, vae, vqvae ...")],
    data: Annotated[str | None, typer.Argument(help="Rows to learn from; by default those of fit.")] = None,
    prior: Annotated[
        str,
        typer.Option(
            help="Its name (isthmus parts priors); auto: the smallest of those by which held-out codes are likeliest."
        ),
    ] = "auto",
    seed: Annotated[int | None, typer.Option(help="Of everything random; by default that of fit.")] = None,
    labels: Annotated[
        str | None, typer.Option(help="Column of labels: a prior over symbols is then conditional on them.")
    ] = None,
    conditional: Annotated[
        bool, typer.Option("--conditional", help="Condition on the labels that the rows come with.")
    ] = False,
    width: Annotated[int | None, typer.Option(help=f"Width of the transformer over symbols; {WIDTH}.")] = None,
    depth: Annotated[int | None, typer.Option(help=f"Its blocks; {DEPTH}.")] = None,
    heads: Annotated[int | None, typer.Option(help=f"Its attention heads; {HEADS}.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes; by default the data's size decides.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Fit the second stage, after which `isthmus sample` draws from it; the model itself stays as it is.

    Of codes that are numbers: a mixture, a flow, a second VAE ..., compared by codes held out. Of symbols: a
    transformer.

    Examples:

    - `isthmus fit-prior models/photos --prior auto`
    - `isthmus fit-prior models/tokens --conditional`
    """
    from isthmus.cli.rows import as_in_fit, examples, saved_rows
    from isthmus.discrete_estimator import DiscreteEstimator
    from isthmus.errors import DataError, ParameterError
    from isthmus.loading import load

    if data is None and labels is not None:
        raise ParameterError(
            f"--labels {labels} names a column of DATA, and there is no DATA. The rows of fit are read as in fit: to "
            "condition on the labels that they came with, --conditional"
        )
    estimator = load(model)
    network = {"width": width, "depth": depth, "heads": heads}
    given = [f"--{word}" for word, value in network.items() if value is not None]
    if given and not isinstance(estimator, DiscreteEstimator):
        raise ParameterError(
            f"{', '.join(given)}: of the transformer over symbols; the codes of {model} ({type(estimator).__name__}) "
            "are not discrete. Leave that out, and name a prior by --prior if you like"
        )
    own = saved_rows(model) if data is None else None
    rows = own.train if own is not None else examples(str(data), as_in_fit(model, labels=labels), missing_ok=True)
    wanted = conditional or labels is not None
    if labels is not None and rows.labels is None:
        columns = f"; its columns are {', '.join(rows.columns)}" if rows.columns else ""
        raise DataError(f"{data} has no column {labels!r}{columns}")
    if wanted and rows.labels is None:
        how = "name their column by --labels" if data else "name DATA that have some, and their column by --labels"
        raise DataError(f"{data or 'The data of fit'} has no labels to condition on: {how}")
    y = rows.labels if wanted or estimator.condition_ is not None else None
    if isinstance(estimator, DiscreteEstimator):
        trainer = _trainer(epochs, progress=not quiet)
        chosen = {"width": width or WIDTH, "depth": depth or DEPTH, "heads": heads or HEADS}
        estimator.fit_prior(rows, y, prior=prior, **chosen, trainer=trainer, random_state=seed)
        found = _rate(estimator, None if own is None else own.test)
    else:
        estimator.fit_prior(rows, y, prior=prior, trainer=_of_codes(epochs, progress=not quiet), random_state=seed)
        found = {}
    kept = {name: value for name, value in estimator.metrics_.items() if "bits_per_dim" not in name}
    estimator.save(model, metrics={**kept, **found})
    _tell(model, estimator, found, json=json)


def _tell(model: Path, estimator: Estimator, found: dict[str, float], *, json: bool) -> None:
    """What was found, and what to do next."""
    scores = estimator.prior_scores_
    if json:
        print_json({"model": str(model), **found, **({} if scores is None else {"prior_scores": scores.to_json()})})
        return
    if scores is not None:
        say(scores.as_text())
    for name, value in found.items():
        say(f"{name.replace('_', ' ')}  {value:.4g}")
    say(f"model   {model}\nnext    isthmus sample {model} -n 16 --out new.npy")


def _trainer(epochs: int | None, *, progress: bool) -> Any:
    from isthmus.training.trainer import Trainer

    return Trainer(progress=progress, epochs="auto" if epochs is None else epochs)


def _of_codes(epochs: int | None, *, progress: bool) -> Any:
    """As ``fit_prior`` would have by itself."""
    from isthmus.code_prior import usual_trainer

    return usual_trainer().set_params(progress=progress, epochs="auto" if epochs is None else epochs)


def _rate(estimator: DiscreteEstimator, test: Any) -> dict[str, float]:
    """What symbols cost on held-out rows, where there are any."""
    from isthmus.metrics.rate import two_stages

    return two_stages(estimator, test) if test is not None and len(test) else {}
