"""The rows that a command works on."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.errors import DataError, ParameterError, counted, did_you_mean

if TYPE_CHECKING:
    from isthmus.cli.configuration import Configuration
    from isthmus.data.examples import Examples
    from isthmus.estimator import Estimator


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What is trained on, and what is measured on."""

    train: Examples
    test: Examples


def examples(
    source: str, configuration: Configuration | None = None, split: str = "all", *, missing_ok: bool = False
) -> Examples:
    """Rows from a path, or from a data set by its name; a path that exists wins."""
    from isthmus.data.loading import load, names
    from isthmus.data.options import file_part
    from isthmus.data.reading import read

    if Path(file_part(source)).exists():
        labels = None if configuration is None else configuration.labels
        size = None if configuration is None else configuration.picture_size()
        drop = configuration.drop if configuration else ()
        text = None if configuration is None else configuration.text
        return read(source, labels=labels, text=text, drop=drop, missing_ok=missing_ok, size=size, mapped=True)
    if source in names():
        return load(source, split)  # type: ignore[arg-type]
    beside = [entry.name for entry in Path(source).parent.iterdir()] if Path(source).parent.is_dir() else []
    close = difflib.get_close_matches(Path(source).name, beside, n=1, cutoff=0.6)
    hint = f"Did you mean {str(Path(source).with_name(close[0]))!r}?" if close else did_you_mean(source, names())
    raise DataError(f"{source!r} is neither a file or folder here nor a known data set. {hint}")


def split_rows(configuration: Configuration) -> Rows:
    """Training and held-out rows of a configuration: the same ones every time; the last ones where order counts."""
    import numpy as np

    from isthmus.catalogue import find
    from isthmus.data.checks import check_finite
    from isthmus.data.loading import names

    if configuration.data is None:
        raise ParameterError("There are no data: name a file, a folder or a data set")
    whole = configuration.test is None
    published = whole and not Path(configuration.data).exists() and configuration.data in names()
    train = examples(configuration.data, configuration, "train" if published else "all")
    if train.kind != "mixed":  # before rows are shuffled, so that their numbers are those of the file
        check_finite(train.values, train.columns)
    if published:
        return Rows(train=train, test=examples(configuration.data, configuration, "test"))
    if configuration.test is not None:
        return Rows(train=train, test=examples(configuration.test, configuration))
    held_out = round(configuration.test_share * len(train))
    kind: type[Estimator] | None = None if configuration.model is None else find("models", configuration.model_name)
    if kind is not None and kind.in_order:
        order = np.arange(len(train))[::-1]
    else:
        order = np.random.default_rng(configuration.seed).permutation(len(train))
    return Rows(train=train.take(np.sort(order[held_out:])), test=train.take(np.sort(order[:held_out])))


def saved_rows(folder: Path) -> Rows:
    """The rows that the model in ``folder`` was fitted and measured on."""
    from isthmus.cli.configuration import FILE, Configuration

    if not (folder / FILE).is_file():
        raise ParameterError(f"{folder} has no {FILE} that says which rows it was fitted on: name the rows")
    configuration = Configuration.read(folder / FILE)
    rows = split_rows(configuration)
    found = fingerprint(rows)
    if configuration.fingerprint not in (None, found):
        raise DataError(
            f"{configuration.data} is not what {folder} was fitted on: it has been changed since. Held-out rows cannot "
            "be told from the others any more; name the rows to measure on (DATA), and --train"
        )
    return rows


def known_rows(folder: Path, data: str | None) -> Examples | None:
    """Rows of ``data``, or those that the model was fitted on, where these are still there: to compare with."""
    if data is not None:
        return examples(data, as_in_fit(folder), missing_ok=True)
    try:
        return saved_rows(folder).train
    except (DataError, ParameterError):
        return None


def measured_rows(folder: Path, *, train: str | None, data: str | None) -> Rows:
    """Rows that PCA learns from and rows to measure on; those of fit, read once, where none are named."""
    own = saved_rows(folder) if train is None or data is None else None

    def named(source: str) -> Examples:
        return examples(source, as_in_fit(folder), missing_ok=True)

    return Rows(
        train=own.train if train is None and own is not None else named(str(train)),
        test=own.test if data is None and own is not None else named(str(data)),
    )


def fingerprint(rows: Rows) -> str:
    """What tells these rows from others."""
    from isthmus.data.fingerprint import fingerprint as digest

    return digest(rows.train, rows.test)


def tell_overlap(train: Examples, test: Examples) -> None:
    """On standard error: how many of the rows to measure on were trained on."""
    import sys

    from isthmus.data.fingerprint import shared_rows

    seen = shared_rows(train, test)
    if seen:
        sys.stderr.write(f"{seen} of the {len(test)} rows were trained on: what is measured on them is too good.\n")


def labelled(source: str, labels: str | None, drop: list[str] | None, *, missing_ok: bool) -> Examples:
    """Rows to look at, with labels where a column has them: to measure by, not to learn from."""
    from isthmus.cli.configuration import Configuration

    configuration = Configuration()
    configuration.labels, configuration.drop = labels, drop or []
    return examples(source, configuration, missing_ok=missing_ok)


def as_in_fit(
    folder: Path,
    *,
    labels: str | None = None,
    drop: list[str] | None = None,
    size: str | None = None,
    text: str | None = None,
) -> Configuration:
    """How the model's own data were read, unless told otherwise."""
    from isthmus.cli.configuration import FILE, Configuration

    configuration = Configuration.read(folder / FILE) if (folder / FILE).is_file() else Configuration()
    configuration.text = configuration.text if text is None else text
    configuration.labels = configuration.labels if labels is None else labels
    configuration.drop = configuration.drop if drop is None else drop
    configuration.size = configuration.size if size is None else size
    return configuration


def short_enough(estimator: Estimator, rows: Examples) -> Examples:
    """Without texts longer than the model takes; says on standard error how many they are."""
    import sys

    from isthmus.data.schemas.text import TextSchema

    schema = estimator.schema_
    if not isinstance(schema, TextSchema) or rows.kind != "text":
        return rows
    longest = schema.shape[0] - 1
    taken = [i for i, tokens in enumerate(schema.tokeniser.numbers(rows.values.tolist())) if len(tokens) <= longest]
    if len(taken) == len(rows):
        return rows
    sys.stderr.write(
        f"{len(rows) - len(taken)} of the {len(rows)} texts to measure on are longer than the model takes, "
        f"{longest} tokens, and are left out. --set max_length=... in fit makes room for them.\n"
    )
    return rows.take(taken)


def tell_quarantined(*parts: Examples) -> None:
    """On standard error: what could not be read."""
    import sys

    lost = list(dict.fromkeys(item for part in parts for item in part.quarantined))
    if lost:
        were = "was" if len(lost) == 1 else "were"
        sys.stderr.write(f"{counted(len(lost), 'input')} could not be read and {were} left out:\n")
        for item in lost[:10]:
            sys.stderr.write(f"  {item.name}: {item.reason}\n")
        if len(lost) > 10:
            sys.stderr.write(f"  ... and {len(lost) - 10} more\n")
