"""Classes of new data."""

from pathlib import Path
from typing import Annotated, Any

import typer

from isthmus.cli.outputs import check_out, say, write_table


def command(
    model: Annotated[Path, typer.Argument(help="Folder of a saved classifier.")],
    data: Annotated[str, typer.Argument(help="A file, a folder of images, or a data set by name.")],
    out: Annotated[Path, typer.Option(help="A .csv or .parquet file.")],
    size: Annotated[str | None, typer.Option(help="Bring pictures to HEIGHTxWIDTH.")] = None,
    labels: Annotated[str | None, typer.Option(help="A column that is no feature.")] = None,
    drop: Annotated[list[str] | None, typer.Option(help="A column to leave out; may be given again.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
) -> None:
    """Tell the class of every row, and the probability of each class.

    Example: `isthmus predict models/kinds new.csv --out kinds.csv`
    """
    from sklearn.base import is_classifier

    from isthmus.cli.rows import as_in_fit, examples, tell_quarantined
    from isthmus.errors import ParameterError
    from isthmus.loading import load

    check_out(out, force=force, sources=(data,), endings=(".csv", ".parquet"))
    estimator: Any = load(model)
    if not is_classifier(estimator):
        raise ParameterError(f"{model} is a {type(estimator).__name__}, which tells no classes; a Classifier does")
    rows = examples(data, as_in_fit(model, size=size, labels=labels, drop=drop), missing_ok=True)
    tell_quarantined(rows)
    shares = estimator.predict_proba(rows)
    told = [str(estimator.classes_[i]) for i in shares.argmax(1)]
    write_table(shares, out, [f"p({name})" for name in estimator.classes_], rows.names, {"class": told})
    say(f"{len(shares)} rows, {len(estimator.classes_)} classes: {out}")
