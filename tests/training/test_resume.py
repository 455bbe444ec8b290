"""A run killed at any step and resumed ends where the uninterrupted one does, bit for bit."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file

SCRIPT = Path(__file__).parent / "train_and_save.py"


def train(folder, *arguments):
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(folder), *arguments], capture_output=True, text=True, check=False
    )
    return done


@pytest.fixture(scope="module", params=["auto", pytest.param("0.2", marks=pytest.mark.slow)])
def validation(request):
    return request.param


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory, validation):
    folder = tmp_path_factory.mktemp("whole")
    done = train(folder, "--validation", validation)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize(
    "share",
    [
        pytest.param(0.02, marks=pytest.mark.slow),
        pytest.param(0.35, marks=pytest.mark.slow),
        0.7,
        pytest.param(0.98, marks=pytest.mark.slow),
    ],
)
def test_killed_and_resumed_is_bit_identical(tmp_path, uninterrupted, validation, share):
    """Also where it dies in the runs that look for when to stop."""
    step = int(share * int((uninterrupted / "steps.txt").read_text()))
    killed = train(tmp_path / "killed", "--validation", validation, "--die-at", str(step))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not (tmp_path / "killed" / "model.safetensors").exists()
    resumed = train(tmp_path / "killed", "--validation", validation, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    wanted = load_file(uninterrupted / "model.safetensors")
    found = load_file(tmp_path / "killed" / "model.safetensors")
    assert all((found[name] == value).all() for name, value in wanted.items())
    history = (tmp_path / "killed" / "history.txt").read_text()
    assert history == (uninterrupted / "history.txt").read_text()
