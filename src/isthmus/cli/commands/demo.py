"""The main job on data that come with the installation."""

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.outputs import say


def command(
    out: Annotated[Path, typer.Option(help="Folder for models and reports.")] = Path("demo"),
    seed: Annotated[int, typer.Option(help="Seed.")] = 0,
) -> None:
    """Fit three models to handwritten digits, measure them on held-out rows beside PCA, write reports.

    Takes about a minute on two cores. Nothing is fetched.
    """
    from isthmus.data.loading import load
    from isthmus.metrics.scorecard import Scorecard
    from isthmus.models.ae import AE
    from isthmus.models.vae import VAE
    from isthmus.report.maps import save_side_by_side
    from isthmus.report.page import write

    train, test = load("digits", "train"), load("digits", "test")
    say(f"Digits: {len(train)} pictures of 8 x 8 to learn from, {len(test)} to measure on.")
    models = {
        "ae-10": (AE(10, random_state=seed), "An autoencoder with 10 numbers for a picture"),
        "ae-2": (AE(2, random_state=seed), "With 2 numbers: a map. PCA mixes the classes, an autoencoder parts them"),
        "vae-8": (VAE(8, random_state=seed), "A variational autoencoder: it can draw new digits"),
    }
    pages = []
    for name, (model, about) in models.items():
        sys.stderr.write(f"fitting {name} ...\n")
        began = time.monotonic()
        model.fit(train)
        card = Scorecard.measure(model, train, test)
        model.save(out / name, metrics=card.to_json())
        say(f"\n{about} ({time.monotonic() - began:.0f} s)\n{card.as_text()}")
        command_line = f"isthmus demo --out {out} --seed {seed}"
        pages.append(write(model, train=train, test=test, path=out / name / "report.html", command=command_line))
        if model.latent_dim == 2:
            pages.append(save_side_by_side(model, train, test, out / "maps.png"))
    say("\nTo look at: " + "  ".join(str(page) for page in pages))
