"""When to stop, found on held-out rows by runs that are thrown away afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from isthmus.training.resident import Resident
from isthmus.training.run import Run
from isthmus.training.splits import without


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Where the held-out loss was lowest."""

    share: float  # of the run, in [0, 1]; 0: the start is best
    losses: tuple[float, ...]  # held-out loss after each share, pooled over the parts, nats per example
    shares: tuple[float, ...]
    calibration: dict[str, Tensor]  # what the likelihood learnt from held-out errors there


def choose(make_run: Callable[[Resident, Resident], Run], rows: Resident, parts: Sequence[Tensor]) -> Choice:
    """Train once without each part, and pool what the parts say.

    The runs start alike and keep the same schedule, so a share of one means the same share of another.
    """
    losses, calibrations = [], []
    for part in parts:
        run = make_run(without(rows, part), rows.rows(part))
        history = run.fit()
        settled = [entry["step"] >= run.settles() or entry["epoch"] == 0 for entry in history.epochs]
        curve = torch.tensor(history.curve("held_out", "loss"), dtype=torch.float64)
        losses.append(curve.where(torch.tensor(settled), torch.inf).nan_to_num(torch.inf) * len(part))
        calibrations.append(run.calibrations)
    shares = [entry["epoch"] / run.settings.epochs for entry in history.epochs]
    pooled = torch.stack(losses).sum(0) / sum(len(part) for part in parts)
    best = int(pooled.argmin())
    at_best = [each[best] for each in calibrations]
    calibration = {name: torch.stack([c[name] for c in at_best]).mean(0) for name in at_best[0]}
    return Choice(share=shares[best], losses=tuple(pooled.tolist()), shares=tuple(shares), calibration=calibration)
