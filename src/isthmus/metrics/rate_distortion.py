"""What codes cost and what they lose, by kind of code: curves."""

from __future__ import annotations

import html
import itertools
import math
from dataclasses import asdict, dataclass
from typing import Any

from isthmus.metrics.text_table import aligned
from isthmus.training.history import finite

REFERENCE = "PCA, rounded"


@dataclass(frozen=True, kw_only=True)
class RatePoint:
    """One fit on held-out rows, or one width of the rounding."""

    code: str  # the curve it is of
    settings: str  # in words
    rate: float  # nats per row
    mse: float  # scaled units, of the code as it is sent
    distortion: float | None = None  # -log p(x | z), nats per row in the units of X
    latent_dim: int | None = None
    beta: float | None = None

    @property
    def bits(self) -> float:
        """The rate, per row."""
        return self.rate / math.log(2)

    def as_text(self) -> str:
        """A line for a terminal, while others are still being fitted."""
        return f"{self.code}, {self.settings}: {self.bits:.4g} bits/row, MSE {self.mse:.4g} scaled units"


@dataclass(frozen=True, kw_only=True)
class RateDistortion:
    """Points of several kinds of codes; ``curve`` gives those that no other of their kind beats.

    >>> points = [RatePoint(code="fsq", settings="", rate=r, mse=m) for r, m in ((1.0, 9.0), (2.0, 9.5), (3.0, 4.0))]
    >>> found = RateDistortion(points=tuple(points), train_rows=80, held_out_rows=20, seed=0, budget="", version="1")
    >>> [point.rate for point in found.curve("fsq")]
    [1.0, 3.0]
    """

    points: tuple[RatePoint, ...]
    train_rows: int
    held_out_rows: int
    seed: int
    budget: str
    version: str  # of Isthmus
    failures: tuple[str, ...] = ()

    @property
    def codes(self) -> tuple[str, ...]:
        """The kinds, the reference last."""
        return tuple(dict.fromkeys(point.code for point in self.points))

    def curve(self, code: str) -> tuple[RatePoint, ...]:
        """The points of one kind that no other of that kind beats in both, by their rate."""
        best, kept = math.inf, []
        for point in sorted((p for p in self.points if p.code == code), key=lambda p: (p.rate, p.mse)):
            if point.mse < best:
                best = point.mse
                kept.append(point)
        return tuple(kept)

    def reference_at(self, rate: float) -> float | None:
        """The error of rounded PCA at that rate, between its points; None outside of them."""
        curve = self.curve(REFERENCE)
        for a, b in itertools.pairwise(curve):
            if a.rate <= rate <= b.rate:
                share = (rate - a.rate) / (b.rate - a.rate)
                return math.exp((1 - share) * math.log(a.mse) + share * math.log(b.mse))
        return None

    @property
    def told(self) -> str:
        """How it was measured, in words."""
        return (
            f"{self.train_rows:,} rows to learn from, {self.held_out_rows:,} others to measure on; {self.budget}; "
            f"seed {self.seed}, Isthmus {self.version}"
        )

    def table(self) -> list[list[Any]]:
        """A row for each point: code, settings, nats, bits, MSE, distortion in nats, PCA's MSE at that rate."""
        return [
            [p.code, p.settings, p.rate, p.bits, p.mse, p.distortion, self.reference_at(p.rate)] for p in self.points
        ]

    def as_text(self) -> str:
        """For a terminal; the reference stands beside each point."""
        heads = [
            ["", "", "rate", "rate", "MSE", "rounded PCA's MSE", "-log p(x|z)"],
            ["", "", "nats/row", "bits/row", "scaled units", "at that rate", "nats/row"],
        ]
        rows = [
            [row[0], row[1], *("-" if row[place] is None else f"{row[place]:.4g}" for place in (2, 3, 4, 6, 5))]
            for row in self.table()
            if row[0] != REFERENCE
        ]
        failed = [f"failed: {failure}" for failure in self.failures]
        return "\n".join([self.told, *aligned([*heads, *rows]), *failed])

    def __str__(self) -> str:
        return self.as_text()

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.as_text())}</pre>"

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        points = [{**asdict(point), "bits": point.bits} for point in self.points]
        known = {name: value for name, value in vars(self).items() if name != "points"}
        units = {"rate": "nats per row", "mse": "scaled units", "distortion": "nats per row"}
        found: dict[str, Any] = finite({**known, "units": units, "points": points})
        return found
