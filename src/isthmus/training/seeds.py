"""One seed, many independent streams."""

import numpy as np


def derive(seed: int, *path: int) -> int:
    """A seed for one purpose, independent of those for others; the same on every machine.

    >>> derive(0, 1) != derive(0, 2)
    True
    """
    return int(np.random.SeedSequence([seed, *path]).generate_state(2, np.uint32).astype(np.uint64) @ _SHIFT)


_SHIFT = np.array([1, 1 << 31], dtype=np.uint64)
ORDER, NOISE, EVALUATION, SPLIT, INITIAL, SCORING, SAMPLING, WEIGHTS = range(8)  # purposes, as the first of the path
