"""Index items by their codes, for search."""

import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.outputs import say
from isthmus.errors import ParameterError, QuarantineWarning, check, counted

if TYPE_CHECKING:
    from isthmus.tasks.search_index import SearchIndex

NONE = "-"  # instead of a model
ASKED = 1000  # rows that are looked for in a report


def command(
    model: Annotated[str, typer.Argument(help="Folder of a saved model; - where DATA are vectors already.")],
    data: Annotated[str, typer.Argument(help="Items: a folder of pictures, a file, or a data set by name.")],
    out: Annotated[Path, typer.Option(help="Folder for the index.")],
    codes: Annotated[str, typer.Option(help="exact (vectors), binary (bits) or product (bytes).")] = "exact",
    bits: Annotated[int, typer.Option(help="Of a binary or product code.")] = 32,
    metric: Annotated[str, typer.Option(help="euclidean or cosine.")] = "euclidean",
    rerank: Annotated[int, typer.Option(help="Keep vectors as well, to put so many candidates in order by.")] = 0,
    engine: Annotated[
        str, typer.Option(help="scan; hnsw or ivf (isthmus[search]); lance: items stay on disk (isthmus[searchdb]).")
    ] = "scan",
    metadata: Annotated[
        str | None, typer.Option(help="A .csv or .parquet table with a row for each item, to filter by.")
    ] = None,
    labels: Annotated[str | None, typer.Option(help="Column of DATA to filter by (as label); no feature.")] = None,
    drop: Annotated[list[str] | None, typer.Option(help="A column to leave out; may be given again.")] = None,
    text: Annotated[str | None, typer.Option(help="Column of texts; by default as in fit.")] = None,
    add: Annotated[bool, typer.Option("--add", help="Fold DATA into the index that is there.")] = False,
    duplicates: Annotated[float | None, typer.Option(help="Show items that are no further apart than this.")] = None,
    report: Annotated[bool, typer.Option("--report", help="Show recall, size and speed of each kind of code.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace an index that is there.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Index items by the codes of a model, so that `isthmus search` finds those that are alike.

    Examples:

    - `isthmus index models/photos photos/ --out indexes/photos`
    - `isthmus index models/plant plant.csv --out indexes/plant --codes binary --bits 64 --rerank 200`
    - `isthmus index models/photos more/ --out indexes/photos --add`
    """
    from isthmus.cli.rows import tell_quarantined
    from isthmus.tasks.search_files import DESCRIPTION, check_place

    check_place(out)
    there = (out / DESCRIPTION).exists()
    check(
        "index",
        (not add or there, f"--out {out} holds no index to add to; leave out --add"),
        (add or force or not there, f"--out {out} holds an index: pass --add to add to it, or --force to replace it"),
        (duplicates is None or duplicates >= 0, f"--duplicates is {duplicates}; expected 0 or more"),
    )
    began = time.perf_counter()
    index = _there(out, model) if add else _new(model, out, codes, bits, metric, rerank, engine, seed)
    items, place = _items(index, model, data, labels=labels, drop=drop, text=text)
    if not quiet:
        sys.stderr.write(f"indexing {data} ...\n")
    before, lost = (len(index), len(index.quarantined_)) if add else (0, 0)
    known = None if metadata is None else _metadata(metadata)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuarantineWarning)  # told below, one by one
        (index.add if add else index.fit)(items, metadata=known)
    if place is not None:
        tell_quarantined(place)
    elif index.quarantined_[lost:]:
        _tell(index, lost)
    index.save(out)
    _keep_configuration(model, out)
    say(_told(index, before, time.perf_counter() - began))
    if duplicates is not None:
        say(index.near_duplicates(duplicates).as_text())
    if report:
        say(_report(index))
    say(f"index  {out}")


def _model(model: str) -> Any:
    """A saved model; None for vectors."""
    from isthmus.loading import load

    return None if model == NONE else load(model, part="all")


def _new(
    model: str, out: Path, codes: str, bits: int, metric: str, rerank: int, engine: str, seed: int
) -> "SearchIndex":
    from isthmus.tasks.search_index import SearchIndex

    index = SearchIndex(
        None,
        codes=codes,  # type: ignore[arg-type]
        bits=bits,
        metric=metric,  # type: ignore[arg-type]
        rerank=rerank,
        engine=engine,  # type: ignore[arg-type]
        store=str(out) if engine == "lance" else None,
        random_state=seed,
    )
    index.check_parameters()
    return index.set_params(model=_model(model))


def _there(out: Path, model: str) -> "SearchIndex":
    """The index at ``out``; raises ``SavedModelError`` where it was built with another model."""
    from isthmus.tasks.search_index import SearchIndex

    found: SearchIndex = SearchIndex.load(out, model=_model(model))
    return found


def _items(
    index: "SearchIndex", model: str, data: str, *, labels: str | None, drop: list[str] | None, text: str | None
) -> tuple[Any, Any]:
    """What is indexed, and the same if it was read here: pictures are read by the index, which knows their size."""
    from isthmus.cli.configuration import Configuration
    from isthmus.cli.rows import as_in_fit, examples
    from isthmus.data.sources.image_folder import accepts

    schema = getattr(index.model, "schema_", None)
    if schema is not None and schema.kind == "image" and Path(data).exists() and accepts(data):
        return data, None
    if model == NONE:
        configuration = Configuration()
        configuration.labels, configuration.drop, configuration.text = labels, drop or [], text
    else:
        configuration = as_in_fit(Path(model), labels=labels, drop=drop, text=text)
    rows = examples(data, configuration, missing_ok=model != NONE)
    return rows, rows


def _metadata(source: str) -> Any:
    """A data frame."""
    from isthmus.errors import DataError, require

    pandas = require("pandas", extra="data")
    reader = pandas.read_parquet if source.lower().endswith(".parquet") else pandas.read_csv
    try:
        return reader(source)
    except (OSError, ValueError) as error:
        raise DataError(f"--metadata {source} cannot be read as a table: {error}") from error


def _keep_configuration(model: str, out: Path) -> None:
    """How the data of the model were read, so that queries are read alike."""
    import shutil

    from isthmus.cli.configuration import FILE
    from isthmus.tasks.search_files import MODEL

    if model != NONE and (Path(model) / FILE).is_file() and (out / MODEL).is_dir():
        shutil.copyfile(Path(model) / FILE, out / MODEL / FILE)


def _tell(index: "SearchIndex", lost: int) -> None:
    """On standard error: what could not be read."""
    sys.stderr.write(f"{counted(len(index.quarantined_) - lost, 'input')} could not be read and left out:\n")
    for item in index.quarantined_[lost : lost + 10]:
        sys.stderr.write(f"  {item}\n")


def _told(index: "SearchIndex", before: int, seconds: float) -> str:
    """How many, and how they are kept."""
    from isthmus.tasks.memory_items import MemoryItems

    store = index.store_
    size = f", {store.bytes_per_item:g} bytes each" if isinstance(store, MemoryItems) else ", on disk"
    added = f"{counted(len(index) - before, 'item')} added: " if before else ""
    return f"{added}{counted(len(index), 'item')} indexed in {seconds:.1f} s ({index.codes}{size}; {index.distance})"


def _report(index: "SearchIndex") -> str:
    """On codes of items themselves, at most a thousand."""
    import numpy as np

    known = index.store_.vectors(np.arange(len(index)))
    if known is None:
        raise ParameterError("--report compares with exact search: it needs --codes exact, or --rerank 200")
    from isthmus.tasks.search_report import report_on

    asked = known[np.sort(np.random.default_rng(0).permutation(len(known))[:ASKED])]
    found = report_on(known, asked, k=min(10, len(known)), bits=[index.bits])
    return f"{counted(len(asked), 'item')} looked for among all:\n{found.as_text()}"
