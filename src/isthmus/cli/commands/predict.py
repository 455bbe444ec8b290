"""Classes of new data, and texts for new texts."""

from pathlib import Path
from typing import Annotated, Any

import typer

from isthmus.cli.outputs import TEXTS, check_ending, check_place, say, write_table, write_texts


def command(
    model: Annotated[
        Path, typer.Argument(help="Folder of a saved Classifier, SemiSupervisedVAE, Seq2Seq or SkipThought.")
    ],
    data: Annotated[str, typer.Argument(help="A file, a folder of images, or a data set by name.")],
    out: Annotated[Path, typer.Option(help="A .csv or .parquet file; for texts .txt, .csv or .jsonl.")],
    size: Annotated[str | None, typer.Option(help="Bring pictures to HEIGHTxWIDTH.")] = None,
    direction: Annotated[
        str | None, typer.Option(help="For SkipThought: the sentence that comes `next` (the default), or `previous`.")
    ] = None,
    text: Annotated[str | None, typer.Option(help="Column of texts; by default as in fit.")] = None,
    labels: Annotated[str | None, typer.Option(help="A column that is no feature.")] = None,
    drop: Annotated[list[str] | None, typer.Option(help="A column to leave out; may be given again.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
) -> None:
    """Tell the class of every row, and the probability of each class; or write the text that goes with each text.

    Examples:

    - `isthmus predict models/kinds new.csv --out kinds.csv`
    - `isthmus predict models/dates new.txt --out iso.txt`
    - `isthmus predict models/stories new.txt --direction previous --out before.txt`
    """
    from isthmus.cli.rows import as_in_fit, examples, tell_quarantined
    from isthmus.errors import ParameterError
    from isthmus.loading import load

    check_place(out, force=force, sources=(data,))
    estimator: Any = load(model)
    name, directions = type(estimator).__name__, estimator.directions
    if not hasattr(estimator, "predict"):
        raise ParameterError(
            f"{model} is of type {name}, which predicts nothing; Classifier and SemiSupervisedVAE tell classes, "
            "Seq2Seq and SkipThought write texts"
        )
    if direction is not None and direction not in directions:
        expected = f"expected {' or '.join(directions)}" if directions else f"{model} is of type {name}, which has none"
        raise ParameterError(f"--direction is {direction!r}; {expected}")
    told_classes = hasattr(estimator, "classes_")
    check_ending(out, (".csv", ".parquet") if told_classes else TEXTS)
    rows = examples(data, as_in_fit(model, size=size, text=text, labels=labels, drop=drop), missing_ok=True)
    tell_quarantined(rows)
    if not told_classes:
        texts = estimator.predict(rows, **({} if direction is None else {"direction": direction})).tolist()
        write_texts(texts, out)
        say(f"{len(texts)} texts: {out}")
        return
    shares = estimator.predict_proba(rows)
    told = [str(estimator.classes_[i]) for i in shares.argmax(1)]
    write_table(shares, out, [f"p({name})" for name in estimator.classes_], rows.names, {"class": told})
    say(f"{len(shares)} rows, {len(estimator.classes_)} classes: {out}")
