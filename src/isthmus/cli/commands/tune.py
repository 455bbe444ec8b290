"""Search for a model's parameters."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.outputs import check_place, print_json, say

if TYPE_CHECKING:
    from isthmus.cli.configuration import Configuration
    from isthmus.cli.rows import Rows
    from isthmus.estimator import Estimator
    from isthmus.tuning.tuned import Tuned


def command(
    model: Annotated[str, typer.Argument(help="A model: `isthmus models` lists them.")],
    data: Annotated[str, typer.Argument(help="A file, a folder of images or recordings, or a data set by name.")],
    trials: Annotated[int, typer.Option(help="In all, those of a --study that goes on included.")] = 25,
    seconds: Annotated[float | None, typer.Option(help="After which no trial is begun any more.")] = None,
    processes: Annotated[int, typer.Option(help="Trials side by side, each with its share of the threads.")] = 1,
    study: Annotated[Path | None, typer.Option(help="A file to keep trials in; where it is there, go on.")] = None,
    score: Annotated[
        str | None,
        typer.Option(help="log_likelihood, log_prob, mse, accuracy, knn, probe, ari, nmi, trustworthiness."),
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", help="A range: beta=0.5..8, 'latent_dim=2..64 log', codebook=ema|gradient; or a value."),
    ] = None,
    prune: Annotated[bool, typer.Option(help="Stop trials whose held-out curve is below the median.")] = True,
    finalists: Annotated[int, typer.Option(help="Best trials that are fitted again before one is chosen.")] = 2,
    epochs: Annotated[int | None, typer.Option(help="Passes of each fit; by default the data's size decides.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    text: Annotated[str | None, typer.Option(help="Column of texts, or key in .jsonl; all else is left out.")] = None,
    labels: Annotated[
        str | None, typer.Option(help="Column of labels: not a feature; knn and others measure by it.")
    ] = None,
    drop: Annotated[list[str] | None, typer.Option(help="A column to leave out; may be given again.")] = None,
    test: Annotated[str | None, typer.Option(help="Rows for the last number, instead of a share of DATA.")] = None,
    test_share: Annotated[
        float | None, typer.Option(help="Share of DATA for the last number; 0.2 if not given.")
    ] = None,
    held_out: Annotated[float, typer.Option(help="Share of the other rows that trials compare by.")] = 0.2,
    size: Annotated[str | None, typer.Option(help="Bring pictures to HEIGHTxWIDTH.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the tuned model.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write an HTML page about the search here.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a model, or a page, that is there.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No line for each trial.")] = False,
) -> None:
    """Search for the parameters of a model that do best on held-out rows, and tell whether that was worth it.

    Ranges stand beside the parameters; --set gives others. Needs: pip install 'isthmus[tune]'

    Examples:

    - `isthmus tune vae digits --study vae.journal --report tuning.html --out models/vae`
    - `isthmus tune beta-vae plant.csv --trials 50 --processes 2 --set beta=0.5..8 --set trainer.epochs=40`
    - `isthmus tune contrastive-ae digits --score knn --seconds 600`
    """
    from isthmus import saving
    from isthmus.cli.configuration import TEST_SHARE, Configuration
    from isthmus.cli.ranges import wanted
    from isthmus.cli.rows import fingerprint, split_rows, tell_quarantined
    from isthmus.errors import Interrupted, ParameterError, TrainingError, require
    from isthmus.tuning.tune import tune

    share = TEST_SHARE if test_share is None else test_share
    configuration = Configuration(
        model=model, data=data, text=text, labels=labels, drop=drop or [], size=size, seed=seed
    )
    configuration.test, configuration.test_share = test, share
    configuration.trainer |= {} if epochs is None else {"epochs": epochs}
    told = wanted(assignments or [])
    configuration.assign(told.values)
    configuration.check()
    if out is not None:
        saving.check_place(out)
        if (out / saving.DESCRIPTION).exists() and not force:
            raise ParameterError(f"{out} holds a model already; pass --force to replace it, or choose another --out")
    if report is not None:
        check_place(report, force=force)
        require("matplotlib", extra="plot")
    rows = split_rows(configuration)
    tell_quarantined(rows.train, rows.test)
    configuration.fingerprint = fingerprint(rows)
    try:
        found = tune(
            _model(configuration),
            rows.train,
            test=rows.test,
            score=score,
            search=told.ranges,
            trials=trials,
            held_out=held_out,
            pruning=prune,
            finalists=finalists,
            storage=study,
            processes=processes,
            seconds=seconds,
            random_state=seed,
            progress=not quiet,
        )
    except KeyboardInterrupt:
        kept = f"The trials are in {study}; the same command goes on." if study else "Nothing was kept: no --study."
        raise Interrupted(f"Stopped. {kept}") from None
    saved = out is not None and hasattr(found.model, "autoencoder_")  # unless all of its last fits failed
    if out is not None and saved:
        _save(found, configuration, rows, out)
    page = None if report is None else found.report(report, command=shlex.join(["isthmus", *sys.argv[1:]]))
    if json:
        print_json({**found.to_json(), "out": str(out) if saved else None, "report": page and str(page)})
    else:
        say(found.as_text())
        for what, where in (("study", study), ("report", page), ("model", out if saved else None)):
            if where is not None:
                say(f"{what:<7} {where}")
    if out is not None and not saved:
        raise TrainingError(f"Nothing is saved in {out}: no fit of the best values to all rows came to an end")


def _model(configuration: Configuration) -> Estimator:
    """As ``isthmus fit`` would make it; without a trainer of its own where nothing is said of it."""
    from isthmus import catalogue
    from isthmus.training.trainer import Trainer

    trainer = {"trainer": Trainer(**configuration.trainer)} if configuration.trainer else {}
    given: dict[str, Any] = {**configuration.parameters, **trainer, "random_state": configuration.seed}
    made: Estimator = catalogue.make("models", configuration.model_name, given)
    return made


def _save(found: Tuned, configuration: Configuration, rows: Rows, out: Path) -> None:
    """The model with its scores, and beside it what ``isthmus fit --config`` makes it again from."""
    from isthmus.cli.rows import short_enough
    from isthmus.metrics.scorecard import Scorecard
    from isthmus.training.trainer import Trainer
    from isthmus.tuning.search_space import configured

    point = {} if found.chosen is None else found.best_params  # as given: what is "auto" stays so
    made, model = configured(_model(configuration), point, len(rows.train)), found.model
    kept = {
        name: value for name, value in made.get_params(deep=False).items() if name not in ("trainer", "random_state")
    }
    usual = type(made)().get_params(deep=False)
    configuration.parameters |= {name: value for name, value in kept.items() if value != usual.get(name)}
    assert made.trainer is not None
    plain = Trainer().get_params(deep=False)
    configuration.trainer |= {word: v for word, v in made.trainer.get_params(deep=False).items() if v != plain[word]}
    card = Scorecard.measure(model, rows.train, short_enough(model, rows.test)) if model.encodes else None
    model.save(out, metrics=None if card is None else card.to_json())
    configuration.write(out)
