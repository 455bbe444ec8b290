"""The house is one-way: a unit imports what stands left of it, and stations never import one another."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "isthmus"

# From left to right; the units of one row do not know each other. "isthmus" is the package's public surface.
ORDER = (
    {"errors"},
    {"listing", "directories"},
    {"records", "argument_types", "search_ranges"},
    {"component"},
    {"stations"},
    {"catalogue"},
    {"layers"},
    {
        "data",
        "schedules",
        "corruptions",
        "encoders",
        "bottlenecks",
        "decoders",
        "likelihoods",
        "priors",
        "terms",
        "critics",
        "codebooks",
        "gradient_estimators",
        "tokenisers",
    },
    {"autoencoder"},
    {"training"},
    {"metrics", "architecture", "saving", "symbol_prior"},
    {"saved_encoder", "abilities", "code_prior"},
    {"estimator"},
    {"causal_estimator", "cluster_estimator", "discrete_estimator", "sequence_estimator"},
    {"neighbour_estimator"},
    {"models"},
    {"loading"},
    {"hub", "tasks", "report", "export"},
    {"tuning"},
    {"isthmus"},
    {"cli", "serve", "studio"},
    {"__main__"},
)
ROW = {unit: row for row, units in enumerate(ORDER) for unit in units}

FILES = {
    ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(SOURCE.rglob("*.py"))
}
del FILES["isthmus"]  # it looks the public names up lazily, wherever they are


def imports(source: str, package: str) -> Iterator[str]:
    """Dotted names that run-time code imports, at the top or in functions; ``package`` holds the file."""
    todo: list[ast.AST] = [ast.parse(source)]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            todo.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)
        todo.extend(ast.iter_child_nodes(node))


def unit(name: str) -> str | None:
    """The unit of a dotted name; None for what is not ours, and for the version number."""
    first, _, rest = name.partition(".")
    if first != "isthmus" or rest == "__version__":
        return None
    return rest.partition(".")[0] if rest.partition(".")[0] in ROW else "isthmus"


def violations(module: str, source: str, package: str) -> list[str]:
    """What a module may not import, in words."""
    here = unit(module)
    assert here is not None
    there = {name: unit(name) for name in imports(source, package)}
    return [
        f"{module} ({here}) imports {name} ({other})"
        for name, other in sorted(there.items())
        if other not in (None, here) and ROW[other] >= ROW[here]
    ]


def package_of(module: str) -> str:
    return module if FILES[module].name == "__init__.py" else module.rpartition(".")[0]


@pytest.mark.parametrize("module", FILES)
def test_a_module_imports_only_what_stands_left_of_it(module):
    assert module.split(".")[1] in ROW, f"{module}: say in ORDER where this unit stands"
    assert not violations(module, FILES[module].read_text(encoding="utf8"), package_of(module))


def test_no_module_imports_itself_by_a_detour():
    graph = {}
    for module, path in FILES.items():
        wanted = imports(path.read_text(encoding="utf8"), package_of(module))
        found = (name if name in FILES else name.rpartition(".")[0] for name in wanted)
        graph[module] = {name for name in found if name in FILES and name != module}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


@pytest.mark.parametrize(
    "source",
    [
        "from isthmus.training.trainer import Trainer",  # right of it
        "import isthmus.decoders.mlp",  # another station
        "from isthmus import decoders, errors",
        "from isthmus import VAE",  # the public surface
        "import isthmus as im",
        "from ..priors.standard_normal import StandardNormal",
        "from .. import priors",
        "def late():\n    from isthmus.cli import main",
        "if TYPE_CHECKING:\n    import torch\nelse:\n    import isthmus.models",
    ],
)
def test_the_check_catches(source):
    assert len(violations("isthmus.encoders.new", source, "isthmus.encoders")) == 1


@pytest.mark.parametrize(
    "source",
    [
        "import torch\nfrom isthmus import __version__, errors",
        "from isthmus.layers.dense import Dense\nfrom . import mlp\nfrom .. import layers",
        "if TYPE_CHECKING:\n    from isthmus.autoencoder import Autoencoder",
    ],
)
def test_the_check_allows(source):
    assert not violations("isthmus.encoders.new", source, "isthmus.encoders")
