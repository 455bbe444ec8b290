"""Parts are found by their files; a new file is everything that a new part needs."""

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import isthmus
from isthmus import catalogue, listing
from isthmus.errors import ParameterError, SavedModelError, UnknownNameError

ROOT = Path(__file__).parents[1]
NEW = '''"""A code that is turned around."""

from torch import Tensor

from isthmus.records import Code, View
from isthmus.stations import Bottleneck, Prior


class Reversed(Bottleneck):
    """The features in reverse order, scaled.

    Source: standard.

    >>> Reversed(latent_dim=2).latent_dim
    2
    """

    def __init__(self, latent_dim: int, factor: float = 2.0) -> None:
        super().__init__()
        self.in_dim = self.latent_dim = latent_dim
        self.factor = factor

    def forward(self, features: Tensor, view: View, prior: Prior | None) -> Code:
        """Turned around."""
        return Code(z=self.factor * features.flip(-1))
'''


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The package with one file more, and nothing else changed."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT / "src" / "isthmus", folder / "isthmus", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "isthmus" / "bottlenecks" / "reversed.py").write_text(NEW)
    return folder


def run(copy, *command):
    env = {**os.environ, "PYTHONPATH": str(copy)}
    return subprocess.run([sys.executable, *command], capture_output=True, text=True, env=env, cwd=copy, check=False)


def test_a_new_file_is_listed(copy):
    done = run(copy, "-m", "isthmus", "parts", "bottlenecks", "--json")
    assert done.returncode == 0, done.stderr
    entries = {entry["name"]: entry for entry in json.loads(done.stdout)["bottlenecks"]}
    assert entries["reversed"]["summary"] == "The features in reverse order, scaled."


def test_a_new_file_is_run_by_the_conformance_suite(copy):
    names = ("bottlenecks", "every_parameter_matters", "arguments")
    suites = [ROOT / "tests" / "conformance" / f"test_{name}.py" for name in names]
    done = run(
        copy,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        str(ROOT / "pyproject.toml"),
        *map(str, suites),
        "-k",
        "reversed",
        "-vvv",
    )
    assert done.returncode == 0, done.stdout
    assert "[reversed]" in done.stdout
    assert "bottlenecks/reversed-factor" in done.stdout


def test_a_new_file_is_saved_and_loaded(copy):
    code = (
        "import json; from isthmus import catalogue; "
        "part = catalogue.make('bottlenecks', 'reversed', {'latent_dim': 2}); "
        "print(catalogue.build(json.loads(json.dumps(part.spec()))).factor)"
    )
    assert run(copy, "-c", code).stdout.strip() == "2.0"


def test_a_file_with_two_public_classes_is_no_part(copy):
    path = copy / "isthmus" / "schedules" / "double.py"
    path.write_text("class One: ...\n\n\nclass Two: ...\n\n\nclass _Private: ...\n")
    done = run(copy, "-c", "from isthmus import catalogue; catalogue.find('schedules', 'double')")
    path.unlink()
    assert "isthmus.schedules.double must hold exactly one public class; found 2" in done.stderr


def test_sequences_come_back_as_tuples():
    part = catalogue.make("encoders", "mlp", {"in_shape": [2, 3], "out_dim": 2, "hidden": [4]})
    assert catalogue.build(json.loads(json.dumps(part.spec()))).arguments["hidden"] == (4,)


def test_what_is_missing_is_told_even_where_nothing_is_wrong():
    with pytest.raises(UnknownNameError, match="schedules/linear_warmup needs the parameter 'steps'."):
        catalogue.make("schedules", "linear_warmup", {})


def test_a_spec_with_a_network_of_ones_own_needs_it():
    from torch import nn

    part = catalogue.make("encoders", "module", {"module": nn.Linear(3, 2), "in_shape": (3,), "out_dim": 2})
    spec = json.loads(json.dumps(part.spec()))
    with pytest.raises(SavedModelError, match=r"network of your own \(torch.nn.modules.linear.Linear\)"):
        catalogue.build(spec)
    assert type(catalogue.build(spec, [nn.Linear(3, 2)]).module) is nn.Linear


def test_unknown_names_are_told_with_the_closest():
    with pytest.raises(UnknownNameError, match="Did you mean 'bottlenecks'"):
        catalogue.names("bottleneck")
    with pytest.raises(UnknownNameError, match="No decoder is called 'mpl'. Did you mean 'mlp'"):
        catalogue.find("decoders", "mpl")


def test_everything_wrong_is_told_at_once():
    with pytest.raises(UnknownNameError) as caught:
        catalogue.make("schedules", "linear_warmup", {"stpes": 3, "begin": 0})
    for word in ("'stpes'", "Did you mean 'steps'", "'begin'", "needs the parameter 'steps'"):
        assert word in str(caught.value)


@pytest.mark.parametrize(
    "spec",
    [
        3,
        {},
        {"component": "schedules/constant"},
        {"component": 3, "arguments": {}},
        {"component": "schedules/constant", "arguments": []},
        {"component": "constant", "arguments": {}},
        {"component": "autoencoder", "arguments": {"evil": 1}},
    ],
)
def test_malformed_specs(spec):
    with pytest.raises(SavedModelError):
        catalogue.build(spec)


def test_arguments_that_cannot_be_written_are_all_named():
    part = catalogue.make("schedules", "constant", {"value": 1.0})
    object.__setattr__(part, "_arguments", {"one": object(), "two": {"deep": [object()]}, "three": 1})
    with pytest.raises(ParameterError) as caught:
        part.spec()
    assert "one: a object" in str(caught.value)
    assert "two.deep[0]: a object" in str(caught.value)


def test_plug_ins_come_by_entry_points(monkeypatch):
    from isthmus.schedules.constant import Constant

    class Point:
        name, group, value = "other", "isthmus.schedules", f"{__name__}:Other"

        @staticmethod
        def load():
            return Other

    class Other(Constant):
        """A schedule from elsewhere.

        Source: standard.
        """

    listing.names.cache_clear()
    listing.plug_ins.cache_clear()
    monkeypatch.setattr(listing, "entry_points", lambda group: [Point] if group == Point.group else [])
    try:
        assert "other" in catalogue.names("schedules")
        assert catalogue.describe("schedules", "other").summary == "A schedule from elsewhere."
        built = catalogue.build(catalogue.make("schedules", "other", {"value": 3.0}).spec())
        assert (type(built), built.at(0)) == (Other, 3.0)
    finally:
        listing.names.cache_clear()
        listing.plug_ins.cache_clear()


def test_a_part_from_nowhere_cannot_be_saved():
    from isthmus.schedules.constant import Constant

    class Loose(Constant):
        pass

    with pytest.raises(ParameterError, match=r'entry point: \[project.entry-points."isthmus.<station>"\]'):
        Loose().spec()


def test_public_names_are_those_of_the_models():
    assert {"AE", "DAE", "SAE", "VAE", "BetaVAE", "CVAE", "StackedAE", "Trainer", "load"} <= set(dir(isthmus))
    for name in dir(isthmus):
        assert getattr(isthmus, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'VEA'"):
        isthmus.VEA  # noqa: B018


def test_the_version_is_the_installed_one():
    try:
        installed = importlib.metadata.version("isthmus")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("not installed")
    assert isthmus.__version__ == installed
