"""What runs on parts of the rows have found out: curves, until all parts have been held out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor


@dataclass(kw_only=True)
class Found:
    """One entry for each part of the rows that has been held out so far.

    >>> import torch
    >>> found = Found()
    >>> found.add(torch.tensor([2.0, 1.0]), [{"mse": torch.ones(())}, {"mse": torch.zeros(())}])
    >>> Found.from_tensors(found.to_tensors()).calibrations[0][1]["mse"].item()
    0.0
    """

    losses: list[Tensor] = field(default_factory=list)  # by share of the run, nats per example
    calibrations: list[list[dict[str, Tensor]]] = field(default_factory=list)  # the likelihood's buffers, likewise

    def add(self, losses: Tensor, calibrations: list[dict[str, Tensor]]) -> None:
        """One part more."""
        self.losses.append(losses)
        self.calibrations.append(calibrations)

    def to_tensors(self) -> dict[str, Tensor]:
        """By name, for a checkpoint."""
        named = {f"loss.{i}": curve for i, curve in enumerate(self.losses)}
        for i, part in enumerate(self.calibrations):
            named |= pack_calibrations(part, f"calibration.{i}.")
        return named

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> Found:
        """From what ``to_tensors`` gave."""
        count = sum(name.startswith("loss.") for name in tensors)
        return cls(
            losses=[tensors[f"loss.{i}"] for i in range(count)],
            calibrations=[
                unpack_calibrations(tensors, f"calibration.{i}.", len(tensors[f"loss.{i}"])) for i in range(count)
            ],
        )


def pack_calibrations(calibrations: list[dict[str, Tensor]], prefix: str) -> dict[str, Tensor]:
    """``prefix + evaluation.name`` for each buffer of each evaluation.

    >>> import torch
    >>> list(pack_calibrations([{"mse": torch.ones(())}], "a."))
    ['a.0.mse']
    """
    return {f"{prefix}{j}.{name}": value for j, each in enumerate(calibrations) for name, value in each.items()}


def unpack_calibrations(tensors: Mapping[str, Tensor], prefix: str, count: int) -> list[dict[str, Tensor]]:
    """The inverse of ``pack_calibrations`` for ``count`` evaluations.

    >>> import torch
    >>> unpack_calibrations({"a.0.mse": torch.ones(())}, "a.", 1)
    [{'mse': tensor(1.)}]
    """
    return [
        {
            name.removeprefix(f"{prefix}{j}."): value
            for name, value in tensors.items()
            if name.startswith(f"{prefix}{j}.")
        }
        for j in range(count)
    ]
