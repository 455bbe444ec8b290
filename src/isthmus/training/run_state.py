"""A run as tensors and plain data, and back: nothing that decides the next step is left out."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from isthmus.component import Component
from isthmus.errors import TrainingError, problems
from isthmus.training.checkpoint import Checkpoint
from isthmus.training.found import Found, pack_calibrations, unpack_calibrations
from isthmus.training.history import History

if TYPE_CHECKING:
    from isthmus.training.run import Run


def pack(run: Run) -> Checkpoint:
    """Parameters, optimisers, averages, best weights, generators and the position in the data."""
    tensors: dict[str, Tensor] = {f"model.{k}": v for k, v in run.model.state_dict().items()}
    tensors |= {f"best.{k}": v for k, v in run.stopping.best.items()}
    tensors |= {f"stream.{i}": state for i, state in enumerate(run.stream.state())}
    tensors |= run.step.tally.tensors()
    tensors |= {f"calibration.{name}": value for name, value in run.calibration.items()}
    tensors |= pack_calibrations(run.calibrations, "calibrations.")
    if run.found is not None:
        tensors |= {f"found.{name}": value for name, value in run.found.to_tensors().items()}
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
        "decided": run.compiling.decided,
        "stopping": [run.stopping.best_loss, run.stopping.best_epoch, run.stopping.waited],
        "history": run.history.to_json(),
        "settings": _identity(run),
        "searching": run.found is not None,
    }
    return Checkpoint(tensors=tensors, state=state)


def found_so_far(checkpoint: Checkpoint) -> Found | None:
    """What a search had found when the checkpoint was written; None where it was over, or there was none."""
    if not checkpoint.state["searching"]:
        return None
    return Found.from_tensors(_under("found.", checkpoint.tensors))


def unpack(run: Run, checkpoint: Checkpoint) -> None:
    """Put a checkpoint's state into a run that was set up alike; raises ``TrainingError`` if it was not."""
    state, tensors = checkpoint.state, checkpoint.tensors
    differing = [
        f"{key} was {state['settings'].get(key)!r}, is {value!r}"
        for key, value in _identity(run).items()
        if state["settings"].get(key) != value
    ]
    if differing:
        raise TrainingError(problems("The checkpoint is of another run:", differing))
    run.model.load_state_dict(_under("model.", tensors))
    run.stopping.best = _under("best.", tensors)
    run.stopping.best_loss, run.stopping.best_epoch, run.stopping.waited = state["stopping"]
    run.stream.restore(list(_under("stream.", tensors).values()))
    for name, value in run.step.tally.tensors().items():
        value.copy_(tensors[name])
    run.calibration = _under("calibration.", tensors)
    run.calibrations = unpack_calibrations(tensors, "calibrations.", len(state["history"]["epochs"]))
    if run.average is not None:
        for i, value in enumerate(run.average.values):
            value.copy_(tensors[f"average.{i}"])
    for i, optimiser in enumerate(run.step.optimisers):
        _restore_moments(optimiser, _under(f"optimiser.{i}.", tensors))
    run.epoch, run.position, run.steps = state["epoch"], state["position"], state["steps"]
    run.history = History.from_json(state["history"])
    if state["compiled"] and run.settings.compile is not False:
        run.step.compile()
    elif state.get("decided") and run.settings.compile == "auto":
        run.compiling.decided = True  # plain steps to the end


# What a run may change when it goes on: where and how it is watched.
_FREE = {"checkpoint", "checkpoint_every", "log", "progress", "title", "resume_command", "compile", "patience"}


def _identity(run: Run) -> dict[str, Any]:
    """What must agree between a checkpoint and the run that goes on from it."""
    settings = {f.name: getattr(run.settings, f.name) for f in fields(run.settings) if f.name not in _FREE}
    settings["rate"] = settings["rate"].spec() if _has_spec(settings["rate"]) else None
    settings["evaluations"] = list(settings["evaluations"])
    return {
        **settings,
        "data": run.rows.fingerprint(),
        "held-out data": None if run.held_out is None else run.held_out.fingerprint(),
        "processes": run.engine.world,
        "model": run.model.spec() if _has_spec(run.model) else None,
    }


def _has_spec(component: Component) -> bool:
    """Whether a component can be written as text: those with the user's own modules cannot."""
    try:
        component.spec()
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
