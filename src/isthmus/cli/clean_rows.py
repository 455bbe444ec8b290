"""Clean rows, of which some are kept back to measure on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from isthmus.data.examples import Examples
    from isthmus.data.schemas.numeric import NumericSchema

FEWEST, MOST = 100, 2000  # rows, of which a fifth can be spared; as many as are spared


def schema_of(clean: Examples, owner: str) -> NumericSchema:
    """What other rows can be held against before anything is learnt; raises ``DataError``."""
    from isthmus.data.kinds import check_kind
    from isthmus.data.schemas.numeric import NumericSchema

    check_kind(clean, NumericSchema.kinds, owner)
    return NumericSchema.learn(clean, owner=owner)


def tell_learnt(folder: Path, clean: Examples) -> None:
    """On standard error: how many rows that a model is to be tried on it has learnt, where its rows are still there."""
    from isthmus.cli.rows import known_rows, tell_overlap

    learnt = known_rows(folder, None)
    if learnt is not None:
        tell_overlap(learnt, clean)


def clean_parts(clean: Examples, seed: int) -> tuple[Examples, Examples | None]:
    """Rows to learn from; a fifth is held out to measure on, where there are enough."""
    import numpy as np

    if len(clean) < FEWEST:
        return clean, None
    order = np.random.default_rng(seed).permutation(len(clean))
    count = min(MOST, len(clean) // 5)
    return clean.take(np.sort(order[count:])), clean.take(np.sort(order[:count]))
