"""What probes find in the features of several models: rows of a table."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from sklearn.base import clone

from benchmarks.result import Result, mean_sd
from isthmus.data.examples import Examples
from isthmus.estimator import Estimator

Found = TypeVar("Found", bound=Sequence[float])  # by probes, in one fitted model


def compare(
    result: Result,
    models: Mapping[str, Estimator],
    train: Examples,
    probe: Callable[[Estimator], Found],
    seeds: Sequence[int],
) -> dict[str, list[Found]]:
    """Add a row for each model: what ``probe`` finds, and the CPU seconds of ``fit``. Gives what it finds, by seeds."""
    found: dict[str, list[Found]] = {}
    for name, model in models.items():
        found[name], times = [], []
        for seed in seeds:
            began = time.process_time()
            fitted = clone(model).set_params(random_state=seed).fit(train)
            times.append(time.process_time() - began)
            found[name].append(probe(fitted))
            print(name, seed, *found[name][-1], f"{times[-1]:.0f} s", flush=True)
        result.add(name, *map(mean_sd, zip(*found[name], strict=True)), mean_sd(times))
    return found
