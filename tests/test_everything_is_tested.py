"""Every part has a name, a source, an example and a conformance suite; the source keeps the house rules.

Only the text of the files is read (``ast``), so a part that cannot even be imported is seen too.
"""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "isthmus"
STATIONS = (
    "corruptions",
    "encoders",
    "bottlenecks",
    "decoders",
    "likelihoods",
    "priors",
    "terms",
    "schedules",
    "critics",
    "codebooks",
    "gradient_estimators",
    "tokenisers",
    "models",
)
PARTS = [
    path for station in STATIONS for path in sorted((SOURCE / station).glob("*.py")) if not path.name.startswith("_")
]
FILLED = sorted({path.relative_to(SOURCE).parts[0] for path in PARTS})
FILES = sorted(SOURCE.rglob("*.py"))

VAGUE = re.compile(r"(utils?|helpers?|misc|base_.*|.*_(utils?|helpers?|base))")
OPEN_ENDED = {"set_params"}  # whose ** is scikit-learn's contract
RUNS_CODE = {"eval", "exec", "__import__"}
PICKLES = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
UNSAFE_LOADS = {"torch.load", "torch.jit.load", "yaml.load", "yaml.unsafe_load", "yaml.full_load"}


def by_name(path):
    return str(path.relative_to(SOURCE))


def part_problems(source: str) -> list[str]:
    """What a file in a station's folder lacks."""
    tree = ast.parse(source)
    public = [node for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
    if len(public) != 1:
        return [f"holds {len(public)} public classes; a part is one class in one file"]
    doc = ast.get_docstring(public[0]) or ""
    rules = (
        (ast.get_docstring(tree), "the file has no docstring"),
        (doc, "the class has no docstring"),
        (">>>" in doc, "the class docstring has no example (>>>)"),
        (
            re.search(r"^Source: \S", doc, re.MULTILINE),
            "the class docstring has no line 'Source: ' naming a paper or textbook ('standard.' if trivial)",
        ),
    )
    return [message for holds, message in rules if not holds]


def house_problems(source: str) -> list[str]:
    """Open-ended signatures, and calls or imports by which data could run code."""
    tree = ast.parse(source)
    hidden = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
        if inner is not node
    }
    found = []
    for node in ast.walk(tree):
        where = f"line {getattr(node, 'lineno', '?')}"
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                public = node not in hidden and (not name.startswith("_") or name in ("__init__", "__call__"))
                if node.args.kwarg and public and name not in OPEN_ENDED:
                    found.append(f"{where}: {name}(**{node.args.kwarg.arg}): name the parameters")
            case ast.Call(func=ast.Name(id=name)) if name in RUNS_CODE:
                found.append(f"{where}: {name}()")
            case ast.Call(keywords=keywords) if any(map(_allows_pickle, keywords)):
                found.append(f"{where}: a call that allows pickle")
            case ast.Attribute() if (name := ast.unparse(node)) in UNSAFE_LOADS or node.attr == "read_pickle":
                found.append(f"{where}: {name}")
            case ast.Import(names=aliases):
                found += [f"{where}: import {a.name}" for a in aliases if a.name.partition(".")[0] in PICKLES]
            case ast.ImportFrom(module=str(module), names=aliases):
                names = [f"{module}.{alias.name}" for alias in aliases]
                unsafe = module.partition(".")[0] in PICKLES or not UNSAFE_LOADS.isdisjoint(names)
                found += [f"{where}: from {module} import ..."] if unsafe else []
    return found


def _allows_pickle(keyword: ast.keyword) -> bool:
    value = getattr(keyword.value, "value", None)
    return (keyword.arg, value) in (("allow_pickle", True), ("weights_only", False))


@pytest.mark.parametrize("path", PARTS, ids=by_name)
def test_a_part_says_what_it_is_where_it_comes_from_and_how_to_use_it(path):
    assert not part_problems(path.read_text(encoding="utf8"))


@pytest.mark.parametrize("station", FILLED)
def test_a_station_has_a_conformance_suite(station):
    suite = ROOT / "tests" / "conformance" / f"test_{station}.py"
    assert suite.is_file(), f"{station}/ holds parts that no suite runs: write {suite.relative_to(ROOT)}"


def test_stations_are_those_of_the_catalogue():
    tree = ast.parse((SOURCE / "listing.py").read_text(encoding="utf8"))
    assigned = {ast.unparse(node.targets[0]): node.value for node in tree.body if isinstance(node, ast.Assign)}
    assert set(ast.literal_eval(assigned["STATIONS"])) == set(STATIONS)


@pytest.mark.parametrize("path", FILES, ids=by_name)
def test_a_file_is_named_after_what_it_holds(path):
    vague = [part for part in path.relative_to(SOURCE).with_suffix("").parts if VAGUE.fullmatch(part)]
    assert not vague, f"{vague[0]!r} says nothing: name it by its one noun"


@pytest.mark.parametrize("path", FILES, ids=by_name)
def test_a_file_keeps_the_house_rules(path):
    assert not house_problems(path.read_text(encoding="utf8"))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('"""A."""\nclass B:\n    """C.\n\n    Source: D 2020.\n\n    >>> 1\n    1\n    """', ""),
        ('"""A."""\nclass B:\n    """C, as in Source: D."""', "no example"),
        ('"""A."""\nclass B:\n    """C.\n\n    >>> 1\n    1\n    """', "no line 'Source"),
        ("class B:\n    pass", "the file has no docstring"),
        ('"""A."""\nclass B: ...\nclass C: ...', "2 public classes"),
        ('"""A."""\nclass _B: ...', "0 public classes"),
    ],
)
def test_the_check_of_parts_catches(source, expected):
    assert expected in "; ".join(part_problems(source))
    assert bool(expected) == bool(part_problems(source))


@pytest.mark.parametrize(
    "source",
    [
        "def fit(x, **options): ...",
        "class A:\n    def __init__(self, **options): ...",
        "eval('1')",
        "exec('1')",
        "import pickle",
        "import torch\nstate = torch.load('x')",
        "from torch import load",
        "from joblib import load",
        "np.load('x', allow_pickle=True)",
        "import yaml\nyaml.load('x', Loader=yaml.Loader)",
        "pd.read_pickle('x')",
    ],
)
def test_the_check_of_house_rules_catches(source):
    assert len(house_problems(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "class A:\n    def __new__(cls, *args, **kwargs): ...\n    def set_params(self, **params): ...",
        "def build():\n    def inner(**named): ...",
        "def _draw(**options): ...",
        "model.eval()",
        "np.load('x', allow_pickle=False)",
        "import yaml\nyaml.safe_load('x')",
    ],
)
def test_the_check_of_house_rules_allows(source):
    assert not house_problems(source)
