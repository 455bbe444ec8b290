"""Find items that are alike."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.outputs import check_out, print_json, replaced, say, write_table
from isthmus.errors import ParameterError, check

if TYPE_CHECKING:
    from isthmus.tasks.search_index import SearchIndex
    from isthmus.tasks.search_results import Hits

ENDINGS = (".csv", ".parquet", ".html")
MOST_SHOWN = 100  # queries on a page


def command(
    index: Annotated[Path, typer.Argument(help="Folder of an index.")],
    query: Annotated[
        str | None, typer.Argument(help="A file, a folder, a data set by name; for models of texts also a text.")
    ] = None,
    item: Annotated[
        list[str] | None, typer.Option(help="Instead: an item of the index, by id or number; may be given again.")
    ] = None,
    row: Annotated[int | None, typer.Option(help="Only this row of QUERY, from 0 on.")] = None,
    k: Annotated[int, typer.Option("--k", "-k", help="So many hits for each query.")] = 10,
    where: Annotated[
        list[str] | None, typer.Option(help="label=7, 'price<5', ...; given again, all must hold.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="A row for each hit: .csv, .parquet; pictures in a grid: .html.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Find the items of an index that are most like a query.

    Examples:

    - `isthmus search indexes/photos cat.jpg --k 20 --out hits.html`
    - `isthmus search indexes/plant new.csv --where "label=7" --where "price<5" --out hits.csv`
    - `isthmus search indexes/photos --item holiday/0007.jpg`
    """
    from isthmus.tasks.item_filter import written
    from isthmus.tasks.search_index import SearchIndex

    if out is not None:
        check_out(out, force=force, sources=[query] if query else (), endings=ENDINGS)
    check(
        "search",
        ((query is None) == bool(item), "expected QUERY, or --item with an id or a number of the index"),
        (row is None or query is not None, "--row is a row of QUERY, and there is none"),
    )
    conditions = [written(each) for each in where or []]
    found: SearchIndex = SearchIndex.load(index)
    if item:
        asked, hits = None, found.search(item=_numbers_or_ids(found, item), k=k, where=conditions)
    else:
        asked = _query(found, index, str(query), row)
        hits = found.search(asked, k, where=conditions)
    if out is not None:
        _write(found, asked, hits, out, index)
    if json:
        print_json({"distance": found.distance, "matching": hits.matching, "hits": hits.columns()})
        return
    say(f"distances: {found.distance}")
    say(hits.as_text())
    if out is not None:
        say(f"hits  {out}")


def _numbers_or_ids(found: "SearchIndex", items: list[str]) -> Any:
    """Ids; where there are none of these names, numbers."""
    try:
        found.store_.numbers(items)
    except ParameterError:
        if all(each.isdecimal() for each in items):
            return [int(each) for each in items]
        raise
    return items


def _query(found: "SearchIndex", index: Path, query: str, row: int | None) -> Any:
    """As the model's own data were read."""
    from isthmus.cli.rows import as_in_fit, examples
    from isthmus.data.loading import names
    from isthmus.data.sources.image_folder import accepts
    from isthmus.tasks.search_files import MODEL
    from isthmus.tasks.search_query import example_of

    schema = getattr(found.model_, "schema_", None)
    path = Path(query)
    if schema is not None and schema.kind == "image" and path.exists() and accepts(query):
        rows = example_of(found.model_, query)
    elif schema is not None and schema.kind == "text" and not path.exists() and query not in names():
        return query
    else:
        rows = examples(query, as_in_fit(index / MODEL), missing_ok=schema is not None)
    if row is None:
        return rows
    check("search", (0 <= row < len(rows), f"--row is {row}; {query} has rows 0 to {len(rows) - 1}"))
    return rows.take([row])


def _write(found: "SearchIndex", asked: Any, hits: "Hits", out: Path, index: Path) -> None:
    if out.suffix.lower() == ".html":
        with replaced(out) as partial:
            partial.write_text(_page(found, asked, hits, index), encoding="utf8")
        return
    import numpy as np

    columns = hits.columns()
    words = {name: list(map(str, values)) for name, values in columns.items() if name in ("query", "id")}
    rest = {name: values for name, values in columns.items() if name not in words}
    values = np.empty((len(columns["query"]), len(rest)), dtype=object)
    for place, column in enumerate(rest.values()):
        values[:, place] = column
    write_table(values, out, tuple(rest), words=words)


def _page(found: "SearchIndex", asked: Any, hits: "Hits", index: Path) -> str:
    """The first hundred queries."""
    from isthmus.cli.item_pictures import item_pictures, pictures_of_queries
    from isthmus.report.hits import Answer, Shown, hits_page

    count = min(len(hits), MOST_SHOWN)
    pictures = item_pictures(found, hits.indices[:count])
    queries = [None] * count if asked is None else pictures_of_queries(found, asked, count)
    answers = []
    for number in range(count):
        shown = [
            Shown(
                name=str(hits.ids[number, place]),
                told=(
                    ("distance", f"{hits.distances[number, place]:.4g}"),
                    *((name, str(column[number, place])) for name, column in hits.metadata.items()),
                ),
                picture=pictures.get(int(hits.indices[number, place])),
            )
            for place in range(hits.indices.shape[1])
        ]
        answers.append(Answer(query=Shown(name=hits.named[number], picture=queries[number]), hits=tuple(shown)))
    more = f"The first {count} of {len(hits)} queries are shown." if len(hits) > count else ""
    lead = f"The nearest of {hits.matching:,} items; distances: {found.distance}."
    return hits_page(answers, title=f"Search in {index.name}", lead=lead, note=more)
