"""Pictures of what was searched for and found: from where it was indexed, or as the model makes them of codes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus.errors import IsthmusError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from isthmus.tasks.search_index import SearchIndex

WHOLE = " (all)"  # after the name of a data set


def item_pictures(index: SearchIndex, items: NDArray[np.int64]) -> dict[int, NDArray[np.float64]]:
    """``[height, width(, 3)]`` in [0, 1] of items by their numbers; without those that there is no picture of."""
    import numpy as np

    from isthmus.estimator import Estimator

    if not isinstance(index.model_, Estimator):
        return {}
    found: dict[int, NDArray[np.float64]] = {}
    begin, wanted = 0, np.unique(items)
    for source in index.sources_:
        here = wanted[(wanted >= begin) & (wanted < begin + source.count)]
        if len(here):
            found |= _from(index, source.origin, here, begin, source.count)
        begin += source.count
    left = [int(item) for item in wanted if int(item) not in found]
    return found | _decoded(index, left)


def pictures_of_queries(index: SearchIndex, query: Any, count: int) -> list[NDArray[np.float64] | None]:
    """Of what was looked for, where it is pictures."""
    from isthmus.data.shown_pictures import pictures_of
    from isthmus.estimator import Estimator
    from isthmus.tasks.search_query import example_of

    made = None
    if isinstance(index.model_, Estimator):
        made = pictures_of(index.model_.schema_, example_of(index.model_, query).values[:count])
    return [None] * count if made is None else list(made)


def _from(
    index: SearchIndex, origin: str, items: NDArray[np.int64], begin: int, count: int
) -> dict[int, NDArray[np.float64]]:
    """From a folder file by file, otherwise by rows, if these are as many as they were."""
    from isthmus.cli.rows import examples
    from isthmus.data.shown_pictures import pictures_of
    from isthmus.tasks.search_query import example_of

    model: Any = index.model_
    found: dict[int, NDArray[np.float64]] = {}
    if Path(origin).is_dir() and model.schema_.kind == "image":
        for item, name in zip(items.tolist(), index.store_.ids(items).tolist(), strict=True):
            try:
                made = pictures_of(model.schema_, example_of(model, Path(origin) / name).values)
            except IsthmusError:  # it is gone, or another thing by now
                continue
            if made is not None:
                found[item] = made[0]
        return found
    try:
        rows = examples(origin.removesuffix(WHOLE)) if origin else None
    except IsthmusError:
        return {}
    if rows is None or len(rows) != count or rows.values.shape[1:] != model.schema_.user_shape:
        return {}
    made = pictures_of(model.schema_, rows.values[items - begin])
    return {} if made is None else dict(zip(items.tolist(), made, strict=True))


def _decoded(index: SearchIndex, items: list[int]) -> dict[int, NDArray[np.float64]]:
    import numpy as np

    from isthmus.data.shown_pictures import pictures_of

    if not items:
        return {}
    try:
        made = pictures_of(index.model_.schema_, np.asarray(index.decoded(items)))
    except (IsthmusError, AttributeError):
        return {}
    return {} if made is None else dict(zip(items, made, strict=True))
