"""A detector beside the usual tools, on the same rows: is it worth it here?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from isthmus.errors import require


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One way to score rows, where it was learnt and where it was asked."""

    name: str
    auroc: float | None  # where it is known which rows do not belong
    average_precision: float | None
    agreement: float  # Spearman's rank correlation with the detector's scores
    shared: float  # of the strangest twentieth, the share that the detector names as well
    seconds: float  # to fit and to score


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The detector and the usual tools on the same rows, the detector first.

    >>> given = {"auroc": 0.9, "average_precision": 0.5, "agreement": 1.0, "shared": 1.0, "seconds": 1.0}
    >>> ours, other = (Judged(name=name, **given) for name in ("AnomalyDetector", "PCA"))
    >>> Comparison(rows=(ours, other), count=9).verdict
    'PCA is as good or better here (average precision 0.500): take that.'
    """

    rows: tuple[Judged, ...]
    count: int

    @property
    def verdict(self) -> str:
        """Whether the autoencoder is worth it here, as far as these rows tell."""
        ours, *others = self.rows
        if ours.average_precision is None or ours.auroc is None:
            return (
                "Without labels nothing tells who is right; where all agree the quickest will do, "
                "and where they do not the rows that only one names are worth a look."
            )
        best = max(others, key=lambda each: each.average_precision or 0.0)
        gain = ours.average_precision - (best.average_precision or 0.0)
        if gain <= 0:
            return f"{best.name} is as good or better here (average precision {best.average_precision:.3f}): take that."
        return f"The autoencoder is worth it here: average precision {gain:+.3f} against {best.name}."

    def as_text(self) -> str:
        """For people."""
        lines = [f"{'':16}  {'AUROC':>6}  {'AP':>6}  {'agrees':>6}  {'shared':>6}  {'seconds':>7}"]
        lines += [
            f"{each.name:16}  {_share(each.auroc)}  {_share(each.average_precision)}  {each.agreement:6.2f}  "
            f"{each.shared:6.0%}  {each.seconds:7.2f}"
            for each in self.rows
        ]
        return "\n".join([*lines, self.verdict])

    def to_frame(self) -> Any:
        """A pandas data frame with a row for each; needs the extra ``data``."""
        pandas = require("pandas", extra="data")
        return pandas.DataFrame([vars(each) for each in self.rows]).set_index("name")


def _share(value: float | None) -> str:
    return f"{'-':>6}" if value is None else f"{value:6.3f}"
