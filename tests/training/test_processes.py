"""Two processes that share every batch (gloo, DDP) learn what one does."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
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


def codebooks(folder, codebook, revive, processes):
    script = SCRIPT.with_name("train_states_in_processes.py")
    file = folder / f"{codebook}_{processes}"
    done = subprocess.run(
        [sys.executable, str(script), str(file), codebook, str(revive), str(processes)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [load_file(f"{file}.{rank}") for rank in range(processes)]


@pytest.mark.parametrize("codebook", ["ema", pytest.param("gradient", marks=pytest.mark.slow)])
def test_codebooks_are_bit_identical_on_both_processes(tmp_path, codebook):
    """vector-quantize-pytorch#25, espnet#6284: averages, k-means and revival went apart, or hung."""
    one, two = codebooks(tmp_path, codebook, 0.9, 2)  # many vectors are replaced
    assert one.keys() == two.keys()
    assert all(torch.equal(one[name], two[name]) for name in one)
    learnt = "bottleneck.codebooks.0." + ("current" if codebook == "ema" else "weight")
    assert not torch.equal(one[learnt], one["began"])


@pytest.mark.slow
def test_moving_averages_are_of_the_features_of_all_processes(tmp_path):
    """espnet#6284: only the first process's update was kept."""
    (alone,), (one, _) = codebooks(tmp_path, "ema", 0.0, 1), codebooks(tmp_path, "ema", 0.0, 2)
    for name in alone:
        assert torch.allclose(alone[name], one[name], atol=1e-4), name


@pytest.mark.slow
def test_moving_means_and_spreads_are_those_of_all_processes(tmp_path):
    (alone,), (one, two) = codebooks(tmp_path, "rounded", "-", 1), codebooks(tmp_path, "rounded", "-", 2)
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not torch.equal(one["bottleneck.standardise.mean"], one["began"])
    for name in ("bottleneck.standardise.mean", "bottleneck.standardise.spread"):
        assert torch.allclose(alone[name], one[name], atol=1e-3), name


def test_critics_and_players_are_bit_identical_on_both_processes(tmp_path):
    """A player of some parameters only leaves ranks out of step in silence; critics are shared by themselves."""
    one, two = codebooks(tmp_path, "critic", "-", 2)
    assert all(torch.equal(one[name], two[name]) for name in one)
    first = next(name for name in one if name.startswith("critics."))
    assert not torch.equal(one[first], one["began"])


@pytest.mark.slow
def test_a_step_that_one_process_cannot_take_is_taken_by_none(tmp_path):
    """A cost that is infinite in one process only, and without a gradient: its parameters went apart in silence."""
    one, two = codebooks(tmp_path, "stumbling", "-", 2)
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not torch.equal(one[next(name for name in one if name.startswith("encoder."))], one["began"])
