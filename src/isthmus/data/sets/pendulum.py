"""Drawn pendulums in the sun, 4000 pictures of 40 x 64 with 256 greys, factors two causes of a shadow (made)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isthmus.data.examples import Examples
from isthmus.data.loading import Parts
from isthmus.data.splitting import fixed_split
from isthmus.errors import check

HEIGHT, WIDTH = 40, 64  # pixels
PIXEL = 0.05625  # of a side, in lengths of the pendulum, as all that follows
LEFT, BOTTOM = -0.9, -0.3  # of the picture's corner; the pendulum hangs at 0
PIVOT = 1.3  # above the ground
BOB, ROD, SUN, BAR = 0.14, 0.035, 0.1, 0.08  # radii of what is drawn
AWAY = 0.7  # of the sun from where the pendulum hangs
SKY, GROUND, SHADOW, HANGING, SHINING = 0.2, 0.45, 0.0, 0.75, 1.0  # brightness
NOISE = {"shadow_length": 0.06, "shadow_position": 0.06}  # standard deviations of what else moves a shadow
LIMITS = {"pendulum": (-30.0, 30.0), "light": (40.0, 60.0)}  # degrees
COUNT = 4000
MOST_AT_ONCE = 500  # pictures
Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Pendulums:
    """A pendulum in the sun and its shadow: ``pendulum`` and ``light`` cause ``shadow_length``, ``shadow_position``.

    The pendulum hangs at the height h with the angle a (to the right of the vertical); the sun is far away on the left,
    by the angle b from the zenith. Ends of the shadow are at ``h tan b`` and ``sin a + (h - cos a) tan b``: its length
    is their distance, its position their mean, and the ground, which is not flat, adds a number of its own to each.
    ``under`` is what a picture would have been, that number kept. Raises ``ParameterError`` for angles out of
    ``LIMITS`` and lengths that differ.

    Source: the concepts are those of Yang et al. 2021, CausalVAE, CVPR; geometry and drawing are our own.

    >>> some = Pendulums.scattered(3, random_state=0)
    >>> some.pictures().shape, list(some.concepts())
    ((3, 40, 64), ['pendulum', 'light', 'shadow_length', 'shadow_position'])
    >>> later = some.under(light=45.0)
    >>> bool((later.pendulum == some.pendulum).all()), bool((later.shadow_length != some.shadow_length).all())
    (True, True)
    """

    pendulum: Numbers  # [n], degrees
    light: Numbers  # [n], degrees
    shadow_length: Numbers  # [n], lengths of the pendulum
    shadow_position: Numbers  # [n], of its middle to the right of where the pendulum hangs, likewise

    def __post_init__(self) -> None:
        shapes = {name: np.shape(value) for name, value in vars(self).items()}
        check("Pendulums", (len(set(shapes.values())) == 1, f"shapes are {shapes}; expected one length for all, [n]"))
        check(
            "Pendulums",
            *(
                (
                    bool(((values >= low) & (values <= high)).all()),
                    f"{name} is from {values.min():g} to {values.max():g}; expected from {low:g} to {high:g} degrees",
                )
                for name, (low, high) in LIMITS.items()
                if len(values := getattr(self, name))
            ),
        )

    @classmethod
    def scattered(cls, n: int, *, random_state: int) -> Pendulums:
        """All angles as likely; what the ground adds is normal, cut off at twice its standard deviation."""
        generator = np.random.default_rng(random_state)
        pendulum, light = (generator.uniform(*limits, n) for limits in LIMITS.values())
        length, position = _shadow(pendulum, light)
        added = {name: sd * generator.normal(size=n).clip(-2, 2) for name, sd in NOISE.items()}
        return cls(
            pendulum=pendulum,
            light=light,
            shadow_length=length + added["shadow_length"],
            shadow_position=position + added["shadow_position"],
        )

    def under(self, *, pendulum: ArrayLike | None = None, light: ArrayLike | None = None) -> Pendulums:
        """The same scenes with other angles: one for all, or one for each."""
        before = _shadow(self.pendulum, self.light)
        a, b = (
            old if new is None else np.broadcast_to(np.asarray(new, dtype=np.float64), old.shape)
            for old, new in ((self.pendulum, pendulum), (self.light, light))
        )
        length, position = _shadow(a, b)
        return replace(
            self,
            pendulum=a,
            light=b,
            shadow_length=self.shadow_length + length - before[0],
            shadow_position=self.shadow_position + position - before[1],
        )

    def concepts(self) -> dict[str, Numbers]:
        """The four numbers of each picture, by their names."""
        return dict(vars(self))

    def pictures(self) -> NDArray[np.uint8]:
        """``[n, 40, 64]`` from 0 to 255; pixels at an edge are as bright as the share that is covered."""
        count = len(self.light)
        made = np.empty((count, HEIGHT, WIDTH), dtype=np.uint8)
        for start in range(0, count, MOST_AT_ONCE):
            rows = slice(start, start + MOST_AT_ONCE)
            made[rows] = _drawn(*(value[rows, None, None] for value in vars(self).values()))
        return made


def measured(pictures: ArrayLike) -> dict[str, Numbers]:
    """The four concepts, each ``[n]``, read off pictures ``[n, 40, 64]`` by their brightness alone.

    Angles by the centres of what shines and of what hangs, the shadow by its darkness along the ground. Of drawn
    pictures it is right up to a hundredth of the range.

    >>> some = Pendulums.scattered(50, random_state=0)
    >>> found = measured(some.pictures())
    >>> bool(abs(found["light"] - some.light).max() < 0.5), bool(abs(found["pendulum"] - some.pendulum).max() < 0.5)
    (True, True)
    """
    seen = np.asarray(pictures, dtype=np.float64) / 255
    x, y = _places()
    high = PIVOT + 0.15
    sun = (seen - SKY).clip(0) * (y > high)
    hanging = (seen - SKY).clip(0) * ((y < high) & (y > PIXEL))
    dark = ((GROUND - seen) * (np.abs(y + BAR) < BAR)).clip(0).sum(1) / (
        (GROUND - SHADOW) * _rows_of_bar()
    )  # [n, width]
    weight = np.maximum(dark.sum(1), 1e-9)
    return {
        "pendulum": np.degrees(np.arctan2(*_centre(hanging, x, PIVOT - y))),
        "light": np.degrees(np.arctan2(*_centre(sun, -x, y - PIVOT))),
        "shadow_length": dark.sum(1) * PIXEL,
        "shadow_position": (dark * x[0]).sum(1) / weight,
    }


def parts() -> Parts:
    """A fixed split."""
    made = Pendulums.scattered(COUNT, random_state=0)
    held = Examples(values=made.pictures(), kind="image", layout="HW", factors=made.concepts())
    return fixed_split(held, by_label=False)


def _shadow(pendulum: Numbers, light: Numbers) -> tuple[Numbers, Numbers]:
    """Length and position on flat ground, in lengths of the pendulum."""
    a, b = np.radians(pendulum), np.radians(light)
    of_pivot, of_bob = PIVOT * np.tan(b), np.sin(a) + (PIVOT - np.cos(a)) * np.tan(b)
    return of_pivot - of_bob, (of_pivot + of_bob) / 2


def _places() -> tuple[Numbers, Numbers]:
    """Where the middles of the pixels are, x ``[1, width]`` and y ``[height, 1]``, the uppermost row first."""
    x = LEFT + PIXEL * (np.arange(WIDTH, dtype=np.float64) + 0.5)
    y = BOTTOM + PIXEL * (np.arange(HEIGHT, dtype=np.float64)[::-1] + 0.5)
    return x[None], y[:, None]


def _drawn(
    pendulum: Numbers,
    light: Numbers,
    length: Numbers,
    position: Numbers,
) -> NDArray[np.uint8]:
    """Pictures of numbers ``[n, 1, 1]``: what is in front covers what is behind."""
    x, y = _places()
    a, b = np.radians(pendulum), np.radians(light)
    along = (x * np.sin(a) + (PIVOT - y) * np.cos(a)).clip(0, 1)  # how far down the rod the nearest point of it is
    rod = np.hypot(x - along * np.sin(a), PIVOT - y - along * np.cos(a)) - ROD
    bob = np.hypot(x - np.sin(a), y - PIVOT + np.cos(a)) - BOB
    sun = np.hypot(x + AWAY * np.sin(b), y - PIVOT - AWAY * np.cos(b)) - SUN
    shadow = _covered(np.abs(x - position) - length / 2) * _covered(np.abs(y + BAR) - BAR)
    picture = SKY + (GROUND - SKY) * _covered(y + np.zeros_like(a))
    for share, brightness in (
        (shadow, SHADOW),
        (_covered(np.minimum(rod, bob)), HANGING),
        (_covered(sun), SHINING),
    ):
        picture = picture + share * (brightness - picture)
    return np.asarray((255 * picture).round(), dtype=np.uint8)


def _covered(distance: Numbers) -> Numbers:
    """The share of a pixel that is inside of an edge so far away."""
    return (0.5 - distance / PIXEL).clip(0, 1)


def _rows_of_bar() -> float:
    """How many pixels high a shadow is."""
    return float(_covered(np.abs(_places()[1] + BAR) - BAR)[np.abs(_places()[1] + BAR) < BAR].sum())


def _centre(mass: Numbers, x: Numbers, y: Numbers) -> list[Numbers]:
    return [(mass * each).sum((1, 2)) for each in (x, y)]  # of directions the length does not count
