"""Fit a model."""

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.configuration import FILE, Configuration
from isthmus.cli.outputs import print_json, say
from isthmus.cli.rows import Rows, fingerprint, short_enough, split_rows, tell_overlap, tell_quarantined
from isthmus.errors import DataError, Interrupted, MissingExtraError, ParameterError

if TYPE_CHECKING:
    from isthmus.data.examples import Examples
    from isthmus.estimator import Estimator

CHECKPOINT, METRICS, REPORT = "checkpoint.safetensors", "metrics.jsonl", "report.html"


def command(
    model: Annotated[str | None, typer.Argument(help="A model: `isthmus models` lists them.")] = None,
    data: Annotated[
        str | None, typer.Argument(help="A file, a folder of images or recordings, or a data set by name.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the model; models/MODEL if not given.")] = None,
    latent_dim: Annotated[int | None, typer.Option(help="Numbers in the code.")] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Passes through the data; by default the data's size decides.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything random.")] = None,
    text: Annotated[str | None, typer.Option(help="Column of texts, or key in .jsonl; all else is left out.")] = None,
    labels: Annotated[
        list[str] | None,
        typer.Option(
            help="Column of labels: not a feature; colours maps, conditions a CVAE. May be given again, or with "
            "commas: concepts of a CausalVAE."
        ),
    ] = None,
    drop: Annotated[list[str] | None, typer.Option(help="A column to leave out; may be given again.")] = None,
    test: Annotated[str | None, typer.Option(help="Rows to measure on, instead of a share of DATA.")] = None,
    test_share: Annotated[float | None, typer.Option(help="Share of DATA to measure on; 0.2 if not given.")] = None,
    size: Annotated[str | None, typer.Option(help="Bring pictures to HEIGHTxWIDTH.")] = None,
    config: Annotated[Path | None, typer.Option(help="A configuration, as fit saves it beside the model.")] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="Any parameter: beta=2, trainer.batch_size=64, network.name=conv.")
    ] = None,
    report: Annotated[bool, typer.Option(help="Write the HTML report.")] = True,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint in --out.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a model that is there.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Fit a model to your data, measure it on held-out rows beside PCA, and write a report.

    Examples:

    - `isthmus fit ae measurements.csv --latent-dim 4 --out models/plant`
    - `isthmus fit vae photos/ --size 64x64 --set trainer.epochs=40`
    - `isthmus fit sequence-vae reviews.csv --text review --labels stars`
    - `isthmus fit --config models/plant/config.yaml --resume`
    """
    from isthmus import saving

    configuration = Configuration() if config is None else Configuration.read(config)
    options: dict[str, object] = {
        "model": model,
        "data": data,
        "text": text,
        "labels": ",".join(labels) if labels else None,
        "test": test,
        "test_share": test_share,
    }
    options |= {"size": size, "seed": seed, "drop": drop}
    for name, value in options.items():
        if value is not None:
            setattr(configuration, name, value)
    if latent_dim is not None:
        configuration.parameters["latent_dim"] = latent_dim
    if epochs is not None:
        configuration.trainer["epochs"] = epochs
    configuration.assign(assignments or [])
    _check_complete(configuration)
    configuration.check()
    folder = out or (config.parent if config is not None and resume else Path("models") / str(configuration.model))
    saving.check_place(folder)
    if (folder / saving.DESCRIPTION).exists() and not force and not resume:
        raise ParameterError(f"{folder} holds a model already; pass --force to replace it, or choose another --out")
    # A model that is there stays whole, with its report and its configuration, until the new one is finished.
    workplace = folder.with_name(f"{folder.name}.partial") if (folder / saving.DESCRIPTION).exists() else folder
    if (workplace / CHECKPOINT).exists() and not force and not resume:
        raise ParameterError(
            f"{workplace} holds the checkpoint of a fit that was stopped; pass --resume to go on, --force to begin "
            "again without it, or choose another --out"
        )
    rows = split_rows(configuration)
    configuration.fingerprint = fingerprint(rows)
    tell_quarantined(rows.train, rows.test)
    if configuration.test is not None:
        tell_overlap(rows.train, rows.test)
    new = not workplace.exists()
    configuration.write(workplace)
    try:
        _fit(configuration, rows, folder, workplace, resume=resume, progress=not quiet, report=report, as_json=json)
    except (DataError, ParameterError):
        if new:
            _leave_no_trace(workplace)
        raise


def _check_complete(configuration: Configuration) -> None:
    missing = [name for name in ("model", "data") if getattr(configuration, name) is None]
    if missing:
        raise ParameterError(f"Missing: {' and '.join(missing)}. For example: isthmus fit ae digits")


def _fit(
    configuration: Configuration,
    rows: Rows,
    folder: Path,
    workplace: Path,
    *,
    resume: bool,
    progress: bool,
    report: bool,
    as_json: bool,
) -> None:
    from isthmus import saving
    from isthmus.metrics.scorecard import Scorecard

    estimator = _estimator(configuration, workplace, progress=progress)
    if not resume:
        (workplace / METRICS).unlink(missing_ok=True)
    try:
        estimator.fit(rows.train, _told(estimator, rows.train, configuration.labels), resume=resume)
    except Interrupted:
        raise Interrupted(
            f"Stopped; the checkpoint is {workplace / CHECKPOINT}. To go on:\n"
            f"  {_again(configuration, folder, workplace)} --resume"
        ) from None
    except KeyboardInterrupt:
        again = _again(configuration, folder, workplace)
        raise Interrupted(f"Stopped before the first checkpoint. To begin again:\n  {again}") from None
    estimator.set_params(trainer__checkpoint=None, trainer__log=None)  # places of this run, not of the model
    estimator.save(workplace)  # at once: nothing that is measured afterwards can lose it
    (workplace / CHECKPOINT).unlink(missing_ok=True)
    rows = replace(rows, test=short_enough(estimator, rows.test))
    card = Scorecard.measure(estimator, rows.train, rows.test) if len(rows.test) and estimator.encodes else None
    if card is not None:
        estimator.save(workplace, metrics=card.to_json())
    page = _report(estimator, rows, folder, workplace) if report and len(rows.test) else None
    if workplace != folder:
        saving.replace(folder, workplace)
    if as_json:
        print_json({"model": str(folder), "report": str(page) if page else None, "scorecard": card and card.to_json()})
        return
    unmeasured = ["No rows were held out: nothing is measured."] if estimator.encodes else []
    for line in [*(unmeasured if card is None else [card.as_text(), ""]), *_notes(estimator), f"model   {folder}"]:
        say(line)
    if page is not None:
        say(f"report  {page}")
    say(f"next    isthmus {_next_job(estimator, folder, str(configuration.data))}")


def _told(estimator: "Estimator", rows: "Examples", labels: str | None) -> Any:
    """Labels as the model is told them: numbers of concepts by the names of their columns."""
    from isthmus.causal_estimator import CausalEstimator
    from isthmus.data.options import label_columns

    if rows.labels is None:
        return None
    names = label_columns(labels, rows.columns or ()) if rows.labels.ndim == 2 else [str(labels)]
    if isinstance(estimator, CausalEstimator) and labels is not None:
        return dict(zip(names, rows.labels.reshape(len(rows), -1).T, strict=True))
    if rows.labels.ndim == 2 and labels is not None:
        raise ParameterError(
            f"--labels {labels}: {type(estimator).__name__} is told one column; several are concepts of a CausalVAE"
        )
    return rows.labels


def _next_job(estimator: "Estimator", folder: Path, data: str) -> str:
    """What one does with such a model first."""
    from sklearn.base import is_classifier

    if is_classifier(estimator):
        return f"predict {folder} {data} --out classes.csv"
    return f"encode {folder} {data} --out codes.csv" if estimator.encodes else f"sample {folder} --out new.npy"


def _leave_no_trace(workplace: Path) -> None:
    """After a fit that was refused before it began: without the folder that was made for it."""
    if [entry.name for entry in workplace.iterdir()] == [FILE]:
        (workplace / FILE).unlink()
        workplace.rmdir()


def _notes(estimator: "Estimator") -> list[str]:
    """What a user would want to know of the fit besides its scores."""
    from isthmus.metrics.codebook import CodebookHealth

    history = estimator.history_
    notes = [history.stopped] if history.steps == 0 else []
    if history.codebook is not None:
        health = CodebookHealth.from_json(history.codebook)
        notes.append(f"codebook: {health.usage:.0%} of the values used, perplexity {health.perplexity:.1f}")
        notes += [health.remedy] if health.remedy else []
    return [*notes, ""] if notes else []


def _estimator(configuration: Configuration, workplace: Path, *, progress: bool) -> "Estimator":
    from isthmus import catalogue
    from isthmus.training.trainer import Trainer

    watched = {"checkpoint": workplace / CHECKPOINT, "log": workplace / METRICS, "progress": progress}
    return catalogue.make(
        "models",
        configuration.model_name,
        {
            **configuration.parameters,
            "trainer": Trainer(**{**watched, **configuration.trainer}),
            "random_state": configuration.seed,
        },
    )


def _again(configuration: Configuration, folder: Path, workplace: Path) -> str:
    """The command line of the same fit."""
    config, out = shlex.quote(str(workplace / FILE)), shlex.quote(str(folder))
    return f"isthmus fit --config {config} --out {out}" + (" --force" if workplace != folder else "")


def _report(estimator: "Estimator", rows: Rows, folder: Path, workplace: Path) -> Path | None:
    from isthmus.report.page import write

    command_line = f"isthmus fit --config {folder / FILE}"
    try:
        write(estimator, train=rows.train, test=rows.test, path=workplace / REPORT, command=command_line)
    except MissingExtraError as error:
        sys.stderr.write(f"No report was written: {error}\n")
        return None
    return folder / REPORT
