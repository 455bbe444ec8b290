"""What a denoiser has made of rows, for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.metrics.denoising import DenoisingComparison


@dataclass(frozen=True, kw_only=True)
class DenoisedRows:
    """Rows before and after, and how strong their noise was taken to be.

    >>> rows = np.zeros((3, 2))
    >>> print(DenoisedRows(noisy=rows, denoised=rows, levels=np.array([0.1, 0.1, 0.1]), most=1.0).as_text())
    3 rows with noise of 0.1
    """

    noisy: NDArray[Any]  # [n, ...], as the user has them
    denoised: NDArray[Any]
    levels: NDArray[np.float64]  # [n], of each row
    most: float  # the strongest noise that was practised
    comparison: DenoisingComparison | None = None  # with filters, of clean rows
    shown: tuple[NDArray[Any], NDArray[Any], NDArray[Any]] | None = None  # of these some: clean, noisy, denoised

    def as_text(self) -> str:
        """For a terminal."""
        low, middle, high = np.quantile(self.levels, [0.05, 0.5, 0.95])
        spread = "" if high - low < 1e-9 * max(1.0, high) else f" in the middle, {low:.4g} to {high:.4g} in nine of ten"
        told = f"{len(self.levels):,} row{'s' * (len(self.levels) != 1)} with noise of {middle:.4g}{spread}"
        return "\n".join([told, *(["", self.comparison.as_text()] if self.comparison else [])])

    def to_json(self) -> dict[str, Any]:
        """As plain data, without the rows themselves."""
        compared = None if self.comparison is None else self.comparison.to_json()
        return {"rows": len(self.levels), "levels": self.levels.tolist(), "most": self.most, "comparison": compared}
