"""What an inpainter has made of rows, for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.metrics.inpainting import InpaintingComparison


@dataclass(frozen=True, kw_only=True)
class InpaintedRows:
    """Rows with parts hidden, and filled in.

    >>> rows, hidden = np.zeros((3, 2)), np.array([[True, False]])
    >>> print(InpaintedRows(rows=rows, hidden=hidden, filled=(rows,)).as_text())
    3 rows with 50 % of their values hidden were filled in
    """

    rows: NDArray[Any]  # [n, ...], as the user has them
    hidden: NDArray[np.bool_]  # of the same shape, or of one row for all
    filled: tuple[NDArray[Any], ...]  # what is expected, or draws
    comparison: InpaintingComparison | None = None  # with the usual ways, of whole rows that were kept aside

    def as_text(self) -> str:
        """For a terminal."""
        share = f"{self.hidden.mean():.0%}".replace("%", " %")
        plural = len(self.rows) != 1
        told = f"{len(self.rows):,} row{'s' * plural} with {share} of {'their' if plural else 'its'} values hidden"
        drawn = f", each in {len(self.filled)} ways" if len(self.filled) > 1 else ""
        head = f"{told} {'were' if plural else 'was'} filled in{drawn}"
        return "\n".join([head, *(["", self.comparison.as_text()] if self.comparison else [])])

    def to_json(self) -> dict[str, Any]:
        """As plain data, without the rows themselves."""
        compared = None if self.comparison is None else self.comparison.to_json()
        known = {"rows": len(self.rows), "hidden": float(self.hidden.mean()), "ways": len(self.filled)}
        return {**known, "comparison": compared}
