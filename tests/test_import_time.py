"""Importing Isthmus costs nothing until something is used: heavy packages stay out of ``sys.modules``."""

import subprocess
import sys

import pytest

HEAVY = (
    "torch", "pandas", "polars", "pyarrow", "matplotlib", "sklearn", "scipy", "fastapi", "typer",
)  # fmt: skip


@pytest.mark.parametrize(
    ("statement", "heavy"),
    [("import isthmus", HEAVY), ("from isthmus.cli import main", ("torch", "sklearn"))],
)
def test_importing_brings_nothing_heavy(statement, heavy):
    code = f"import sys; {statement}; print(*[name for name in {heavy!r} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == []
