"""Drawn moons, 3000 pictures of 32 x 32 with 256 greys, labelled by the lit share of the disc (made, not fetched)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isthmus.data.examples import Examples
from isthmus.data.loading import Parts
from isthmus.data.splitting import fixed_split
from isthmus.errors import ParameterError, check

SIZE = 32  # pixels of a side
FINER = 4  # points in each pixel, along a side
NOISE = 0.02  # standard deviation of what the camera adds, of 1
COUNT = 3000


@dataclass(frozen=True, kw_only=True)
class Moons:
    """Discs lit from the right, each up to its terminator: half of an ellipse from pole to pole.

    With x and y from the middle in radii, the disc is lit where ``x >= (1 - 2 lit) sqrt(1 - y^2)``: the share ``lit``
    of its area, exactly. Raises ``ParameterError`` for shares outside of [0, 1], moons that leave the picture, and
    lengths that differ.

    Source: standard geometry of a sphere lit from far away, e.g. Meeus 1998, Astronomical algorithms, chapter 48.

    >>> half = Moons.scattered([0.5, 1.0], random_state=0)
    >>> half.pictures(noise=0).shape, half.lit_share(half.pictures(noise=0)).round(1).tolist()
    ((2, 32, 32), [0.5, 1.0])
    """

    lit: NDArray[np.float64]  # [n], from 0 (new) to 1 (full)
    radius: NDArray[np.float64]  # [n], pixels
    down: NDArray[np.float64]  # [n], of the middle, pixels from the upper edge
    right: NDArray[np.float64]  # [n], of the middle, pixels from the left edge
    brightness: NDArray[np.float64]  # [n], from .1 to 1

    def __post_init__(self) -> None:
        shapes = {name: np.shape(value) for name, value in vars(self).items()}
        if len(set(shapes.values())) > 1 or len(np.shape(self.lit)) != 1:
            raise ParameterError(f"Moons: shapes are {shapes}; expected one length for all, [n]")
        reach = np.min([self.down, SIZE - self.down, self.right, SIZE - self.right], axis=0)
        out = int((~(self.radius <= reach)).sum())
        limits = {"lit": (0, 1), "radius": (1, SIZE // 2), "brightness": (0.1, 1)}
        wrong = {name: _outside(getattr(self, name), *between) for name, between in limits.items()}
        check(
            "Moons",
            *(
                (not wrong[name], f"{name} is {wrong[name]}; expected from {a} to {b}")
                for name, (a, b) in limits.items()
            ),
            (not out, f"{out} of {len(self.lit)} leave the picture of {SIZE} x {SIZE}: move them or make them smaller"),
        )

    @classmethod
    def scattered(cls, lit: ArrayLike, *, spread: float = 1.0, random_state: int) -> Moons:
        """Moons of these shares, and by ``spread`` (0: the same moon, to 1) unlike in other things.

        At 1 radii are from 9 to 11 pixels, middles up to 2 pixels off the picture's, and brightness is from .8 to 1.
        """
        check("Moons", (0 <= spread <= 1, f"spread is {spread!r}; expected from 0 to 1"))
        shares = np.asarray(lit, dtype=np.float64)
        generator = np.random.default_rng(random_state)
        radius, down, right, brightness = spread * generator.uniform(-1, 1, (4, *shares.shape))
        return cls(
            lit=shares,
            radius=10 + radius,
            down=SIZE / 2 + 2 * down,
            right=SIZE / 2 + 2 * right,
            brightness=0.9 + 0.1 * brightness,
        )

    def pictures(self, *, noise: float = NOISE, random_state: int = 0) -> NDArray[np.uint8]:
        """The pictures, ``[n, 32, 32]`` from 0 to 255; at the edges pixels are as bright as the share that is lit."""
        points = (np.arange(SIZE * FINER) + 0.5) / FINER  # [fine]
        y = (points - self.down[:, None]) / self.radius[:, None]  # [n, fine]
        x = (points - self.right[:, None]) / self.radius[:, None]
        half = np.sqrt(np.maximum(1 - y**2, 0))[:, :, None]  # [n, fine, 1], half of the disc's width at this height
        lit = (x[:, None] >= (1 - 2 * self.lit[:, None, None]) * half) & (x[:, None] < half)  # [n, fine, fine]
        shares = lit.reshape(-1, SIZE, FINER, SIZE, FINER).mean((2, 4))
        generator = np.random.default_rng(random_state)
        seen = shares * self.brightness[:, None, None] + noise * generator.standard_normal(shares.shape)
        return np.asarray((255 * seen).round().clip(0, 255), dtype=np.uint8)

    def lit_share(self, pictures: ArrayLike) -> NDArray[np.float64]:
        """The share of each disc, ``[n]``, that is brighter in pictures ``[n, 32, 32]`` than half of its brightness."""
        bright = np.asarray(pictures, dtype=np.float64) / 255 > self.brightness[:, None, None] / 2
        return np.asarray(bright.sum((1, 2)) / (np.pi * self.radius**2))


def _outside(values: NDArray[np.float64], low: float, high: float) -> list[float]:
    """The first values that are not between the two; what is not a number is not."""
    return [float(value) for value in values[~((values >= low) & (values <= high))][:3]]


def parts() -> Parts:
    """A fixed split; every share from .05 to 1 is as likely."""
    moons = Moons.scattered(np.random.default_rng(0).uniform(0.05, 1, COUNT), random_state=1)
    return fixed_split(Examples(values=moons.pictures(), kind="image", layout="HW", labels=moons.lit), by_label=False)
