"""How much nearer to what is hidden each way to fill it in comes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from isthmus.metrics.denoising import TIE
from isthmus.metrics.text_table import aligned

OURS = "Inpainter"


@dataclass(frozen=True, kw_only=True)
class FilledIn:
    """One way: its error where values were hidden, and how long it took."""

    name: str
    error: float  # root of the mean squared error, in the units of X, or in deviations where columns have their own
    seconds: float


@dataclass(frozen=True, kw_only=True)
class InpaintingComparison:
    """The same rows with the same parts hidden, by each way, the inpainter's first.

    >>> rows = [FilledIn(name=OURS, error=1.0, seconds=0.1), FilledIn(name="means", error=2.0, seconds=0.0)]
    >>> InpaintingComparison(rows=tuple(rows), count=50, share=0.5).verdict
    'The autoencoder is worth it here: 50 % less error than means.'
    """

    rows: tuple[FilledIn, ...]
    count: int  # rows that were measured on
    share: float  # of their values that was hidden

    @property
    def verdict(self) -> str:
        """Whether the autoencoder is worth it here, as far as these rows tell."""
        ours, *others = self.rows
        best = min(others, key=lambda each: each.error)
        if ours.error > (1 - TIE) * best.error:
            return f"{best.name} is as good or better here (error {best.error:.4g}): take that."
        share = f"{1 - ours.error / best.error:.0%}".replace("%", " %")
        return f"The autoencoder is worth it here: {share} less error than {best.name}."

    def table(self) -> list[list[Any]]:
        """A row for each: name, error, seconds."""
        return [list(asdict(each).values()) for each in self.rows]

    def as_text(self) -> str:
        """For people."""
        share = f"{self.share:.0%}".replace("%", " %")
        lines = [
            ["", "error", "seconds"],
            *([each.name, f"{each.error:.4g}", f"{each.seconds:.2f}"] for each in self.rows),
        ]
        return "\n".join([f"{self.count:,} rows with {share} of their values hidden", *aligned(lines), self.verdict])

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        known = {"rows": self.count, "share": self.share, "verdict": self.verdict}
        return {**known, "ways": [asdict(each) for each in self.rows]}
