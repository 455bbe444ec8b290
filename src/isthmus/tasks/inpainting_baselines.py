"""Hidden parts of rows, filled in the usual ways: is the autoencoder worth it here?"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from isthmus.data.examples import Examples
from isthmus.metrics.inpainting import OURS, FilledIn, InpaintingComparison
from isthmus.tasks.hidden_parts import blanked, users_mask
from isthmus.tasks.users_values import users_values

if TYPE_CHECKING:
    from isthmus.tasks.inpainter import Inpainter

NEIGHBOURS = 5


def compared(inpainter: Inpainter, examples: Examples, covered: NDArray[np.bool_]) -> InpaintingComparison:
    """All on the same rows: means, the mean of the nearest known rows, the joint Gaussian of all values."""
    schema, users = inpainter._schema, users_mask(covered, inpainter._schema)
    hidden = np.broadcast_to(users, examples.values.shape)
    x, seen = inpainter._flat(blanked(examples.values, covered, schema)), inpainter._seen(covered)
    known = inpainter.known_
    scale = schema.scale[0] if len(set(schema.scale)) == 1 else 1.0  # columns in units of their own: in deviations

    def nearest() -> Tensor:
        apart = seen @ known.square().T - 2 * (seen * x) @ known.T
        return known[apart.topk(min(NEIGHBOURS, len(known)), largest=False).indices].mean(1)

    def ours() -> NDArray[Any]:
        return np.asarray(inpainter.inpaint(replace(examples, container="numpy"), _words(covered)))

    def users_own(made: Tensor) -> NDArray[Any]:
        shaped = made.double().numpy().reshape(-1, *schema.shape)
        return users_values(schema, shaped, inpainter._limits, examples.values)

    ways: dict[str, Callable[[], NDArray[Any]]] = {
        OURS: ours,
        "means": lambda: users_own(known.mean(0).expand_as(x)),
        f"{NEIGHBOURS} nearest rows": lambda: users_own(nearest()),
        "joint Gaussian": lambda: users_own(inpainter.joint_.given(seen).expected(x)),
    }
    rows = []
    for name, way in ways.items():
        began = time.perf_counter()
        made = way()
        seconds = time.perf_counter() - began
        apart = schema.by_column(schema.scaled(made) - schema.scaled(examples.values))[hidden]
        error = float(np.sqrt(np.square(apart).mean())) * scale
        rows.append(FilledIn(name=name, error=error, seconds=seconds))
    return InpaintingComparison(rows=tuple(rows), count=len(examples), share=float(hidden.mean()))


def _words(covered: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """As ``inpaint`` takes it."""
    return covered[0] if len(covered) == 1 else covered
