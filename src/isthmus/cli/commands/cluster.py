"""Find groups of rows that belong together."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.outputs import check_new_model, check_out, print_json, say, write_table
from isthmus.errors import ParameterError

if TYPE_CHECKING:
    from isthmus.metrics.clustering import Stability
    from isthmus.metrics.found_clusters import FoundClusters
    from isthmus.tasks.clusterer import Clusterer


def command(
    data: Annotated[str, typer.Argument(help="Rows to cluster: a file, a folder, or a data set by name.")],
    clusters: Annotated[str, typer.Option(help="How many; 'auto': as many as the method finds.")] = "auto",
    method: Annotated[
        str, typer.Option(help="graph, k_means, gaussian_mixture, or hdbscan, which leaves rows out.")
    ] = "graph",
    model: Annotated[
        Path | None,
        typer.Option(help="A saved clusterer, which looks at DATA; or a fitted model, whose codes it takes."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The cluster of each row: .csv or .parquet.")] = None,
    labels: Annotated[str | None, typer.Option(help="Column with known classes: to measure, not to learn.")] = None,
    drop: Annotated[list[str] | None, typer.Option(help="A column to leave out; may be given again.")] = None,
    seeds: Annotated[int, typer.Option(help="From 2 on: so many seeds, and how alike their clusters are.")] = 1,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    save: Annotated[Path | None, typer.Option(help="Folder for the clusterer, for --model.")] = None,
    report: Annotated[Path | None, typer.Option(help="An HTML page: a map, typical rows, other ways.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Find groups of rows that belong together, say what sets each apart, and put new rows into them.

    Examples:

    - `isthmus cluster customers.csv --out groups.csv --report groups.html`
    - `isthmus cluster photos/ --clusters 10 --save clusterers/photos`
    - `isthmus cluster new/ --model clusterers/photos --out groups.csv`
    """
    from isthmus.cli.rows import labelled, tell_quarantined
    from isthmus.tasks.found_clusters import found_clusters

    for place, endings in ((out, (".csv", ".parquet")), (report, (".html",))):
        if place is not None:
            check_out(place, force=force, sources=[data], endings=endings)
    if save is not None:
        check_new_model(save, force=force)
    if seeds < 1:
        raise ParameterError(f"--seeds is {seeds}; expected 1 or more")
    rows = labelled(data, labels, drop, missing_ok=model is not None)
    tell_quarantined(rows)
    given = {"clusters": clusters, "method": method, "seed": seed}
    clusterer = _clusterer(model, rows, **given, progress=not quiet)  # type: ignore[arg-type]
    found = found_clusters(clusterer, rows, None if labels is None else rows.labels)
    stability = clusterer.stability(rows, seeds) if seeds > 1 else None
    if out is not None:
        names = rows.names or [str(row) for row in range(len(rows))]
        write_table(found.labels[:, None], out, ("cluster",), names, {})
    if save is not None:
        clusterer.save(save)
    if report is not None:
        from isthmus.report.page import write

        words = ["isthmus", "cluster", *(sys.argv[2:] if sys.argv[1:2] == ["cluster"] else [data])]
        write(clusterer.model_, train=rows, test=rows, path=report, command=shlex.join(words), findings=(found,))
    if json:
        print_json(_as_json(found, stability))
        return
    say(found.as_text())
    if stability is not None:
        say(stability.as_text())
    for name, place in (("clusters", out), ("clusterer", save), ("report", report)):
        if place is not None:
            say(f"{name:<12} {place}")


def _clusterer(model: Path | None, rows: Any, *, clusters: str, method: str, seed: int, progress: bool) -> "Clusterer":
    """A new one; one with a fitted model; or one that was saved, which needs no fitting."""
    from isthmus.tasks.clusterer import Clusterer
    from isthmus.tasks.loading import load
    from isthmus.training.trainer import Trainer

    if clusters != "auto" and not clusters.isdecimal():
        raise ParameterError(f"--clusters is {clusters!r}; expected a whole number from 2 on, or 'auto'")
    given = None if model is None else load(model)
    if isinstance(given, Clusterer):
        if clusters != "auto" or method != "graph":
            raise ParameterError(
                f"{model} is a clusterer with {given.n_clusters_} clusters by {given.method!r}: leave out --clusters "
                "and --method, or find new ones without --model"
            )
        return given
    clusterer = Clusterer(
        given,
        n_clusters="auto" if clusters == "auto" else int(clusters),
        method=method,
        trainer=Trainer(progress=progress) if given is None else None,
        random_state=seed,
    )
    return clusterer.fit(rows)


def _as_json(found: "FoundClusters", stability: "Stability | None") -> dict[str, Any]:
    return {
        "rows": len(found.labels),
        "clusters": [
            {
                "number": each.number,
                "rows": each.size,
                "typical": list(each.typical),
                "traits": [vars(trait) for trait in each.traits],
            }
            for each in found.clusters
        ],
        "scores": None if found.scores is None else vars(found.scores),
        "stability": None if stability is None else {**vars(stability), "clusters": list(stability.clusters)},
    }
