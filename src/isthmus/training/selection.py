"""When to stop, found on held-out rows by runs that are thrown away afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from isthmus.training.checkpoint import Checkpoint
from isthmus.training.found import Found
from isthmus.training.rows import Rows
from isthmus.training.run import Run
from isthmus.training.run_state import found_so_far
from isthmus.training.splits import without


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Where the held-out loss was lowest."""

    share: float  # of the run, in [0, 1]; 0: the start is best
    losses: tuple[float, ...]  # held-out loss after each share, pooled over the parts, nats per example
    shares: tuple[float, ...]
    calibration: dict[str, Tensor]  # what the likelihood learnt from held-out errors there


def choose(
    make_run: Callable[[int, Rows, Rows], Run],
    rows: Rows,
    parts: Sequence[Tensor],
    checkpoint: Checkpoint | None,
) -> Choice:
    """Train once without each part, and pool what the parts say; a ``checkpoint`` of a search goes on from there.

    The runs start alike and keep the same schedule, so a share of one means the same share of another.
    """
    found = (None if checkpoint is None else found_so_far(checkpoint)) or Found()
    for number, part in list(enumerate(parts))[len(found.losses) :]:
        run = make_run(number, without(rows, part), rows.rows(part))
        run.found = found
        if checkpoint is not None:
            run.resume(checkpoint)
            checkpoint = None
        history = run.fit()
        settled = [entry["step"] >= run.settles() or entry["epoch"] == 0 for entry in history.epochs]
        curve = torch.tensor(history.curve("held_out", "loss"), dtype=torch.float64)
        found.add(curve.where(torch.tensor(settled), torch.inf).nan_to_num(torch.inf), run.calibrations)
    shares = [entry["epoch"] / run.settings.epochs for entry in history.epochs]
    weights = torch.tensor([float(len(part)) for part in parts], dtype=torch.float64)
    pooled = (weights[:, None] * torch.stack(found.losses)).sum(0) / weights.sum()
    best = int(pooled.argmin())
    at_best = [each[best] for each in found.calibrations]
    calibration = {name: torch.stack([c[name] for c in at_best]).mean(0) for name in at_best[0]}
    return Choice(share=shares[best], losses=tuple(pooled.tolist()), shares=tuple(shares), calibration=calibration)
