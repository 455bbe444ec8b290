"""Draw rate-distortion curves."""

from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.outputs import check_out, print_json, say


def command(
    data: Annotated[str, typer.Argument(help="Rows: a file, a folder, or a data set by name.")],
    out: Annotated[Path | None, typer.Option(help="The picture: .png.")] = None,
    codes: Annotated[
        str,
        typer.Option(
            help="Kinds, with commas between: gaussian, bernoulli, vector_quantizer, residual_quantizer, fsq, lfq."
        ),
    ] = "gaussian,vector_quantizer",
    beta: Annotated[str, typer.Option(help="Weights of the KL of gaussian codes.")] = "0.1,0.3,1,3",
    latent_dim: Annotated[str, typer.Option(help="Numbers in the code.")] = "2,8,16",
    epochs: Annotated[
        int | None, typer.Option(help="Passes through the data, of all; by default the data's size decides.")
    ] = None,
    drop: Annotated[list[str] | None, typer.Option(help="A column to leave out; may be given again.")] = None,
    test: Annotated[str | None, typer.Option(help="Rows to measure on, instead of a share of DATA.")] = None,
    test_share: Annotated[float, typer.Option(help="Share of DATA to measure on.")] = 0.2,
    size: Annotated[str | None, typer.Option(help="Bring pictures to HEIGHTxWIDTH.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="A setting of the trainer: trainer.batch_size=64.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a picture that is there.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Tell what codes of several kinds cost and lose on held-out rows, and draw it, beside PCA with rounded numbers.

    Example: `isthmus rate-distortion digits --codes gaussian,fsq --latent-dim 2,4,8,16 --out curves.png`
    """
    from isthmus.cli.common_budget import compared_rows, progress, trainer_of
    from isthmus.tasks.rate_distortion import rate_distortion

    if out is not None:
        check_out(out, force=force, sources=(data,), endings=(".png",))
    trainer = trainer_of(epochs, assignments)
    weights, sizes = numbers(beta, "--beta", float), [int(each) for each in numbers(latent_dim, "--latent-dim", int)]
    rows = compared_rows(data, drop=drop, size=size, test=test, share=test_share, seed=seed)
    found = rate_distortion(
        rows.train,
        beta=weights,
        latent_dim=sizes,
        codes=[name.strip().replace("-", "_") for name in codes.split(",")],
        held_out=rows.test,
        trainer=trainer,
        random_state=seed,
        on_point=None if quiet else lambda point: progress(point.as_text()),
    )
    if out is not None:
        from isthmus.report.rate_curves import save_rate_curves

        save_rate_curves(found, out)
    if json:
        print_json(found.to_json())
        return
    say(found.as_text())
    if out is not None:
        say(f"picture  {out}")


def numbers(text: str, option: str, kind: type[float] | type[int]) -> list[float]:
    """Of ``"2,8,16"``; raises ``ParameterError``."""
    from isthmus.errors import ParameterError

    try:
        return [kind(each) for each in text.split(",")]
    except ValueError:
        told = "whole numbers" if kind is int else "numbers"
        raise ParameterError(f"{option} is {text!r}; expected {told} with commas between") from None
