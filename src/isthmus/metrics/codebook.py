"""How a discrete code is used: what of it, how evenly, at which rate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import DataError

ILL_USAGE = 0.5  # share of the codes below which something is wrong
BLURRED = 0.5  # share of the features' variance left over from which symbols tell little of them
EVEN = 0.1  # perplexity over size below which a few codes do all the work


@dataclass(frozen=True, kw_only=True)
class CodebookHealth:
    """Measured over the symbols of many examples; with several symbols at a position, means over them.

    ``levels``: values that a symbol can have; ``usage``: share of them that occur, of as many as could in ``count``
    symbols; ``perplexity``: exp of their entropy; ``dead``: how many never occur; ``bits`` of an example by its
    symbols' frequencies, of ``capacity_bits`` at the most; ``unexplained``: the share of the features' variance that
    a codebook's vectors leave over; ``remedy``: what to do where it is ill, else None.

    Source: van den Oord et al. 2017 (perplexity); Mentzer et al. 2024 (usage).
    """

    levels: tuple[int, ...]
    usage: float
    perplexity: float
    dead: int
    bits: float
    capacity_bits: float
    count: int
    advice: str = field(default="", repr=False)  # how a model of this kind gets fewer values, should it need that
    unexplained: float | None = None  # where vectors stand for features

    @classmethod
    def measure(
        cls,
        symbols: NDArray[np.int64],
        levels: Sequence[int],
        advice: str = "",
        unexplained: float | None = None,
    ) -> CodebookHealth:
        """From ``[n, *grid, symbols]``; raises ``DataError`` where there are none.

        >>> health = CodebookHealth.measure(np.array([[[0], [1]], [[1], [0]]]), levels=(4,))
        >>> health.usage, health.dead, health.perplexity, health.bits
        (0.5, 2, 2.0, 2.0)
        """
        if symbols.size == 0:
            raise DataError("There are no symbols to measure")
        flat = symbols.reshape(-1, symbols.shape[-1])
        positions = len(flat) // len(symbols)
        frequencies = [np.unique(column, return_counts=True)[1] / len(flat) for column in flat.T]
        entropies = [float(-(p * np.log(p)).sum()) for p in frequencies]
        used = [len(p) for p in frequencies]
        return cls(
            levels=tuple(int(level) for level in levels),
            usage=float(np.mean([u / min(level, len(flat)) for u, level in zip(used, levels, strict=True)])),
            perplexity=float(np.mean(np.exp(entropies))),
            dead=sum(level - u for u, level in zip(used, levels, strict=True)),
            bits=positions * sum(entropies) / math.log(2),
            capacity_bits=positions * sum(math.log2(level) for level in levels),
            count=len(flat),
            advice=advice,
            unexplained=unexplained,
        )

    @property
    def remedy(self) -> str | None:
        """What to do where the code is ill; None where it is well."""
        size = float(np.mean(self.levels))
        if self.count < size:
            return f"{self.count:,} symbols cannot show how a codebook of {size:.0f} is used: measure on more rows."
        if self.usage < ILL_USAGE:
            return f"Only {self.usage:.0%} of the values occur. {self.advice}".rstrip()
        if self.perplexity < max(1.2, EVEN * size):
            return (
                f"A few of the values do nearly all the work (perplexity {self.perplexity:.1f} of {size:.0f}): the "
                f"data may need no more. {self.advice}"
            ).rstrip()
        if self.unexplained is not None and self.unexplained > BLURRED:
            return (
                f"The vectors leave {self.unexplained:.0%} of the features' variance over: take more of them "
                "(codebook_size), a higher commitment, or train longer."
            )
        return None

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {**asdict(self), "levels": list(self.levels)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> CodebookHealth:
        """From what ``to_json`` gave."""
        return cls(**{**data, "levels": tuple(data["levels"])})
