"""How much nearer to the clean rows each way to take out noise comes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from isthmus.metrics.text_table import aligned

TIE = 0.01  # less of a difference is none
OURS, NOISY = "Denoiser", "noisy"


@dataclass(frozen=True, kw_only=True)
class Denoised:
    """One way: its setting, its error, and how long it took for all rows."""

    name: str
    setting: str
    error: float  # root of the mean squared error, in the units of a level
    psnr: float | None  # dB, of pictures
    seconds: float


@dataclass(frozen=True, kw_only=True)
class DenoisingComparison:
    """The same rows with the same noise, by each way, the denoiser's first, then as they are.

    >>> rows = [Denoised(name=OURS, setting="", error=1.0, psnr=None, seconds=0.1)]
    >>> rows += [Denoised(name=name, setting="", error=2.0, psnr=None, seconds=0.1) for name in ("median", NOISY)]
    >>> DenoisingComparison(rows=tuple(rows), count=50, level=2.0, estimated=2.1).verdict
    'The autoencoder is worth it here: 50 % less error than median.'
    """

    rows: tuple[Denoised, ...]
    count: int  # rows that were measured on
    level: float  # of the noise
    estimated: float  # by the denoiser, which was not told

    @property
    def verdict(self) -> str:
        """Whether the autoencoder is worth it here, as far as these rows tell."""
        ours, *others = self.rows
        best = min(others, key=lambda each: each.error)
        if ours.error > (1 - TIE) * best.error:
            return f"{best.name} is as good or better here (error {best.error:.4g}): take that."
        return (
            f"The autoencoder is worth it here: {1 - ours.error / best.error:.0%} less error than {best.name}.".replace(
                "%", " %"
            )
        )

    def table(self) -> list[list[Any]]:
        """A row for each: name, setting, error, PSNR, seconds."""
        return [list(asdict(each).values()) for each in self.rows]

    def as_text(self) -> str:
        """For people."""
        told = f"{self.count:,} rows kept aside, with noise of {self.level:.4g}, estimated as {self.estimated:.4g}"
        head = ["", "setting", "error", "PSNR, dB", "seconds"]
        lines = [
            [each.name, each.setting, f"{each.error:.4g}", _told(each.psnr), f"{each.seconds:.2f}"]
            for each in self.rows
        ]
        return "\n".join([told, *aligned([head, *lines]), self.verdict])

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        known = {"rows": self.count, "level": self.level, "estimated": self.estimated, "verdict": self.verdict}
        return {**known, "ways": [asdict(each) for each in self.rows]}


def _told(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
