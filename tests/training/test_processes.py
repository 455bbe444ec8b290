"""Two processes that share every batch (gloo, DDP) learn what one does."""

import subprocess
import sys
from pathlib import Path

from safetensors.torch import load_file

SCRIPT = Path(__file__).parent / "train_in_processes.py"


def test_two_processes_equal_one(tmp_path):
    found = []
    for processes in (1, 2):
        file = tmp_path / f"{processes}.safetensors"
        done = subprocess.run(
            [sys.executable, str(SCRIPT), str(file), str(processes)],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        found.append(load_file(file))
    one, two = found
    assert one.keys() == two.keys()
    assert all((one[name] - two[name]).abs().max() < 1e-4 for name in one)
