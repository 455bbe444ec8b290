"""Every example runs."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))
LONG = {
    "adversaries",
    "clustering_models",
    "compare",
    "composition",
    "counts",
    "clusters",
    "content_and_style",
    "continuous_codes",
    "discrete_codes",
    "editing",
    "few_labels",
    "moon_phases",
    "independent_codes",
    "information",
    "levels_and_spaces",
    "maps",
    "masked",
    "mixed_tables",
    "neighbours",
    "own_networks",
    "pendulum",
    "search",
    "sequences",
    "spoilt_texts",
    "strange_rows",
    "symbols_and_prior",
    "texts",
    "tune",
}  # half a minute or so each
CASES = [pytest.param(file, id=file.stem, marks=[pytest.mark.slow] if file.stem in LONG else []) for file in EXAMPLES]


@pytest.mark.parametrize("file", CASES)
def test_it_runs(file, tmp_path):
    done = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout
