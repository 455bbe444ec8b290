"""Whatever was saved, back: a model, or a job done with one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from torch import nn

from isthmus import loading
from isthmus.tasks import search_files, task_files
from isthmus.tasks.search_index import SearchIndex


def load(
    path: str | Path,
    *,
    part: Literal["all", "encoder", "decoder"] = "all",
    network: Sequence[nn.Module] = (),
) -> Any:
    """The estimator, task or index that was saved at ``path``; nothing from the files is executed.

    ``part`` and ``network`` are for models: see ``isthmus.loading.load``. Raises ``SavedModelError`` with everything
    that is wrong.

    >>> import tempfile, isthmus as im
    >>> X = im.data.load("digits").values[:50]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     saved = im.AnomalyDetector().fit(X)
    ...     loaded = im.load(saved.save(folder + "/detector"))
    >>> bool((saved.anomaly_score(X) == loaded.anomaly_score(X)).all())
    True
    """
    if part == "all" and not network and task_files.is_task(Path(path)):
        return task_files.kind_at(Path(path)).load(path)
    if part == "all" and not network and (Path(path) / search_files.DESCRIPTION).is_file():
        return SearchIndex.load(path)
    return loading.load(path, part=part, network=network)
