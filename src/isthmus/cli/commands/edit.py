"""Examples with an attribute changed."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.outputs import UsageError, check_new_model, check_out, print_json, say, write_examples
from isthmus.errors import ParameterError

if TYPE_CHECKING:
    from isthmus.data.examples import Examples
    from isthmus.estimator import Estimator
    from isthmus.tasks.attribute_editor import AttributeEditor

HELD_OUT = 5  # of so many labelled rows one is kept to check by


def command(
    model: Annotated[Path, typer.Argument(help="Folder of a saved model, or of an editor saved by --save.")],
    data: Annotated[str, typer.Argument(help="Rows to edit: a file, a folder, or a data set by name.")],
    attribute: Annotated[
        list[str] | None,
        typer.Option(
            help="COLUMN=VALUE: bring it there; COLUMN+=NUMBER, COLUMN-=NUMBER: move it; COLUMN alone: learn it, so "
            "that edits of others leave it. May be given again. 'label' is what folders and data sets say."
        ),
    ] = None,
    remove: Annotated[list[str] | None, typer.Option(help="A column to bring to the mean of all rows.")] = None,
    learn: Annotated[
        str | None, typer.Option(help="Labelled rows to learn attributes from; by default those of DATA.")
    ] = None,
    strength: Annotated[float, typer.Option(help="1: all the way; 0.5: half of it; more: beyond.")] = 1.0,
    out: Annotated[Path | None, typer.Option(help="A .csv, .npy or .parquet file; for pictures also a folder.")] = None,
    save: Annotated[Path | None, typer.Option(help="Folder for the editor, to be given as MODEL.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Change an attribute of examples, by the direction in the code that labelled rows tell, and leave the others.

    A fifth of the labelled rows is held out, by which the edits are checked: what moves, and what else does.

    Examples:

    - `isthmus edit models/faces faces.csv --attribute smiling=yes --attribute age --out smiling.csv`
    - `isthmus edit models/digits digits --attribute label=3 --save editors/digits --out threes/`
    - `isthmus edit editors/digits new/ --attribute label=8 --strength 1.5 --out eights/`
    """
    from isthmus.tasks.attribute_editor import AttributeEditor
    from isthmus.tasks.loading import load

    wanted = _wanted(attribute or (), remove or ())
    if out is None and save is None and wanted.edits:
        raise UsageError("Missing option '--out': where edited examples go")
    if out is not None:
        check_out(out, force=force, sources=[data])
        if not wanted.edits:
            raise UsageError("There is nothing to change: --attribute COLUMN=VALUE, COLUMN+=NUMBER or --remove COLUMN")
    if save is not None:
        check_new_model(save, force=force)
    loaded = load(model)
    if isinstance(loaded, AttributeEditor):
        if learn is not None:
            raise ParameterError(f"{model} is an editor, which knows its attributes: leave out --learn")
        editor = loaded
    else:
        editor = _learnt(loaded, model, learn or data, wanted.names, json=json)
    if out is not None:
        _write(editor, model, data, wanted, strength, out, quiet=json)
    if save is not None:
        editor.save(save)
        if not json:
            say(f"editor       {save}")


@dataclass(kw_only=True)
class _Wanted:
    """What ``--attribute`` and ``--remove`` say."""

    values: dict[str, str] = field(default_factory=dict)
    shift: dict[str, float] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)  # of all

    @property
    def edits(self) -> bool:
        return bool(self.values or self.shift or self.removed)


def _wanted(given: Sequence[str], removed: Sequence[str]) -> _Wanted:
    found = _Wanted(removed=list(removed))
    for text in given:
        name, equals, value = text.partition("=")
        if name.endswith(("+", "-")) and equals:
            try:
                found.shift[name[:-1]] = float(value) * (1 if name.endswith("+") else -1)
            except ValueError as error:
                raise ParameterError(f"--attribute {text}: {value!r} is no number") from error
            name = name[:-1]
        elif equals:
            found.values[name] = value
        if not name:
            raise ParameterError(f"--attribute {text}: expected COLUMN, COLUMN=VALUE or COLUMN+=NUMBER")
        found.names.append(name)
    found.names = list(dict.fromkeys([*found.names, *removed]))
    return found


def _learnt(model: Any, folder: Path, source: str, names: Sequence[str], *, json: bool) -> "AttributeEditor":
    """An editor fitted on four fifths of labelled rows and checked by the others."""
    import numpy as np

    from isthmus.cli.rows import tell_quarantined
    from isthmus.estimator import Estimator
    from isthmus.tasks.attribute_editor import AttributeEditor
    from isthmus.tasks.edit_check import FEWEST

    if not isinstance(model, Estimator):
        raise ParameterError(f"{folder} holds a {type(model).__name__}; expected a model with a code, or an editor")
    if not names:
        raise UsageError("Missing option '--attribute': the column of an attribute to learn")
    rows, columns = _labelled(model, folder, source, names)
    tell_quarantined(rows)
    order = np.random.default_rng(0).permutation(len(rows))
    count = len(rows) // HELD_OUT
    held_out, known = (order[:count], order[count:]) if count >= FEWEST else (None, order)
    editor = AttributeEditor(model).fit(rows.take(known), {name: each[known] for name, each in columns.items()})
    if held_out is None:
        sys.stderr.write(f"{len(rows)} labelled rows are too few to check edits by; {HELD_OUT * FEWEST} would do.\n")
        return editor
    found = editor.check(rows.take(held_out), {name: each[held_out] for name, each in columns.items()})
    if json:
        print_json({"rows": found.rows, "effects": [vars(effect) for effect in found.effects]})
    else:
        say(found.as_text())
    return editor


def _labelled(model: "Estimator", folder: Path, source: str, names: Sequence[str]) -> "tuple[Examples, dict[str, Any]]":
    """Rows, without columns that are not the model's, and the attributes by name."""
    from isthmus.cli.rows import as_in_fit, examples
    from isthmus.tasks.attributes import LABEL

    rows = _own_rows(model, folder, source)
    found = {}
    for name in names:
        if name == LABEL and rows.labels is not None:
            found[name] = rows.labels.astype(str)
            continue
        single = as_in_fit(folder, labels=name)
        single.drop = []
        labels = examples(source, single).labels
        if labels is None or name == LABEL:
            raise ParameterError(f"{source} has no labels, and no column {name!r}: name a column of a table")
        found[name] = labels
    return rows, found


def _own_rows(model: "Estimator", folder: Path, source: str) -> "Examples":
    """Rows without the columns that the model does not know: those of attributes."""
    from isthmus.cli.rows import as_in_fit, examples

    settings, own = as_in_fit(folder), model.schema_.columns
    rows = examples(source, settings, missing_ok=True)
    other = [name for name in rows.columns or () if own is not None and name not in own]
    if not other:
        return rows
    settings.drop = [*settings.drop, *other]
    return examples(source, settings, missing_ok=True)


def _write(
    editor: "AttributeEditor", folder: Path, data: str, wanted: _Wanted, strength: float, out: Path, *, quiet: bool
) -> None:
    import numpy as np

    from isthmus.cli.outputs import TABLES, write_table

    codes = editor.model_.transform(_own_rows(editor.model_, folder, data))
    if wanted.removed:
        codes = editor.without(codes, wanted.removed, strength)
    if wanted.values or wanted.shift:
        codes = editor.moved(codes, wanted.values, strength, shift=wanted.shift)
    made = np.asarray(editor.model_.inverse_transform(codes))
    if quiet and out.suffix.lower() in TABLES:
        write_table(made, out, editor.model_.schema_.columns or ())
        return
    write_examples(editor.model_, made, out)
