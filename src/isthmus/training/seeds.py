"""One seed, many independent streams."""

from typing import Any

import numpy as np

from isthmus.errors import ParameterError


def derive(seed: int, *path: int) -> int:
    """A seed for one purpose, independent of those for others; the same on every machine.

    >>> derive(0, 1) != derive(0, 2)
    True
    """
    return int(np.random.SeedSequence([seed, *path]).generate_state(2, np.uint32).astype(np.uint64) @ _SHIFT)


def seed_of(random_state: Any) -> int:
    """A number from what scikit-learn allows; None draws a new one from the system."""
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(np.iinfo(np.int32).max))
    if isinstance(random_state, int | np.integer) and not isinstance(random_state, bool) and random_state >= 0:
        return int(random_state)
    raise ParameterError(f"random_state is {random_state!r}; expected 0 or more, a RandomState, or None")


_SHIFT = np.array([1, 1 << 31], dtype=np.uint64)
ORDER, NOISE, EVALUATION, SPLIT, INITIAL, SCORING, SAMPLING, WEIGHTS = range(8)  # purposes, as the first of the path
