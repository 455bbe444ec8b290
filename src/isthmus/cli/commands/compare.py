"""Compare models."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.outputs import check_out, print_json, say
from isthmus.errors import NotAvailableError

MODELS = "ae,vae,beta-vae"


def command(
    data: Annotated[str, typer.Argument(help="Rows: a file, a folder, or a data set by name.")],
    models: Annotated[str, typer.Option(help="Models, with commas between: `isthmus models` lists them.")] = MODELS,
    latent_dim: Annotated[int, typer.Option(help="Numbers in the code, of all, and of PCA.")] = 8,
    seeds: Annotated[int, typer.Option(help="Fits of each model.")] = 3,
    epochs: Annotated[
        int | None, typer.Option(help="Passes through the data, of all; by default the data's size decides.")
    ] = None,
    label: Annotated[
        str | None, typer.Option("--label", "--labels", help="Column of classes: for neighbours and CVAE.")
    ] = None,
    drop: Annotated[list[str] | None, typer.Option(help="A column to leave out; may be given again.")] = None,
    test: Annotated[str | None, typer.Option(help="Rows to measure on, instead of a share of DATA.")] = None,
    test_share: Annotated[float, typer.Option(help="Share of DATA to measure on.")] = 0.2,
    size: Annotated[str | None, typer.Option(help="Bring pictures to HEIGHTxWIDTH.")] = None,
    network: Annotated[str, typer.Option(help="Networks of all: mlp, conv, vit.")] = "auto",
    samples: Annotated[bool, typer.Option(help="Judge draws.")] = True,
    seed: Annotated[int, typer.Option(help="The first of the seeds; of the rows to measure on, too.")] = 0,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="A setting of the trainer: trainer.batch_size=64.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="An HTML page with pictures.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a page that is there.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Fit several models to the same rows with the same budget, and measure them on the same others, beside PCA.

    Examples:

    - `isthmus compare digits --models ae,vae,beta-vae,vqvae --epochs 30`
    - `isthmus compare flowers.csv --label species --models ae,vae,cvae --latent-dim 2 --out report.html`
    """
    from isthmus.cli.common_budget import compared_rows, progress, terminal_width, trainer_of
    from isthmus.tasks.comparison import compare

    if out is not None:
        check_out(out, force=force, sources=(data,), endings=(".html",))
    trainer = trainer_of(epochs, assignments)
    rows = compared_rows(data, labels=label, drop=drop, size=size, test=test, share=test_share, seed=seed)
    found = compare(
        [name.strip() for name in models.split(",") if name.strip()],
        rows.train,
        held_out=rows.test,
        latent_dim=latent_dim,
        network=network,
        trainer=trainer,
        seeds=seeds,
        samples=samples,
        random_state=seed,
        on_trial=None if quiet else lambda trial: progress(trial.as_text()),
    )
    if out is not None:
        from isthmus.report.comparison_page import write_comparison

        words = ["isthmus", "compare", *(sys.argv[2:] if sys.argv[1:2] == ["compare"] else [data])]
        write_comparison(found, out, title=f"Models compared: {data}", command=shlex.join(words))
    if json:
        print_json(found.to_json())
    else:
        say(found.as_text(width=terminal_width()))
        if out is not None:
            say(f"report  {out}")
    if not any(model.values("seconds") for model in found.models if model.drawn):
        raise NotAvailableError("No model could be fitted and measured: see what is told of each")
