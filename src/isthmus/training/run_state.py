"""A run as tensors and plain data, and back: nothing that decides the next step is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from isthmus.errors import TrainingError
from isthmus.training.checkpoint import Checkpoint
from isthmus.training.history import History

if TYPE_CHECKING:
    from isthmus.training.run import Run


def pack(run: Run) -> Checkpoint:
    """Parameters, optimisers, averages, best weights, generators and the position in the data."""
    tensors: dict[str, Tensor] = {f"model.{k}": v for k, v in run.model.state_dict().items()}
    tensors |= {f"best.{k}": v for k, v in run.stopping.best.items()}
    tensors |= {f"stream.{i}": state for i, state in enumerate(run.stream.state())}
    tensors |= {"sums": run.sums, "counts": run.counts, "bad": run.step.bad}
    tensors |= {f"calibration.{name}": value for name, value in run.calibration.items()}
    if run.average is not None:
        tensors |= {f"average.{i}": value for i, value in enumerate(run.average.values)}
    for i, optimiser in enumerate(run.step.optimisers):
        for j, moments in optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{i}.{j}.{k}": torch.as_tensor(v) for k, v in moments.items() if v is not None}
    state: dict[str, Any] = {
        "epoch": run.epoch,
        "position": run.position,
        "steps": run.steps,
        "compiled": run.step.compiled,
        "stopping": [run.stopping.best_loss, run.stopping.best_epoch, run.stopping.waited],
        "history": run.history.to_json(),
        "settings": _identity(run),
    }
    return Checkpoint(tensors=tensors, state=state)


def unpack(run: Run, checkpoint: Checkpoint) -> None:
    """Put a checkpoint's state into a run that was set up alike; raises ``TrainingError`` if it was not."""
    state, tensors = checkpoint.state, checkpoint.tensors
    differing = [
        f"{key} was {state['settings'].get(key)!r}, is {value!r}"
        for key, value in _identity(run).items()
        if state["settings"].get(key) != value
    ]
    if differing:
        raise TrainingError(f"The checkpoint is of another run: {'; '.join(differing)}.")
    run.model.load_state_dict(_under("model.", tensors))
    run.stopping.best = _under("best.", tensors)
    run.stopping.best_loss, run.stopping.best_epoch, run.stopping.waited = state["stopping"]
    run.stream.restore(list(_under("stream.", tensors).values()))
    run.sums.copy_(tensors["sums"])
    run.counts.copy_(tensors["counts"])
    run.step.bad.copy_(tensors["bad"])
    run.calibration = _under("calibration.", tensors)
    if run.average is not None:
        for i, value in enumerate(run.average.values):
            value.copy_(tensors[f"average.{i}"])
    for i, optimiser in enumerate(run.step.optimisers):
        _restore_moments(optimiser, _under(f"optimiser.{i}.", tensors))
    run.epoch, run.position, run.steps = state["epoch"], state["position"], state["steps"]
    run.history = History.from_json(state["history"])
    if state["compiled"]:
        run.step.compile()


def _identity(run: Run) -> dict[str, Any]:
    """What must agree between a checkpoint and the run that goes on from it."""
    s = run.settings
    return {
        "rows": len(run.rows),
        "epochs": s.epochs,
        "batch_size": s.batch_size,
        "learning_rate": s.learning_rate,
        "optimiser": s.optimiser,
        "seed": s.seed,
        "stop_after": s.stop_after,
        "model": run.model.spec() if _can_be_written(run) else None,
    }


def _can_be_written(run: Run) -> bool:
    try:
        run.model.spec()
    except ValueError:
        return False
    return True


def _restore_moments(optimiser: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        index, _, key = name.partition(".")
        moments.setdefault(int(index), {})[key] = value
    state = optimiser.state_dict()
    state["state"] = moments
    optimiser.load_state_dict(state)


def _under(prefix: str, tensors: Any) -> dict[str, Tensor]:
    found = {k.removeprefix(prefix): v.clone() for k, v in tensors.items() if k.startswith(prefix)}
    numbered = all(key.isdigit() for key in found)
    return dict(sorted(found.items(), key=lambda item: int(item[0]))) if numbered else found
