"""How long `import isthmus` and `isthmus --help` take beyond an empty Python."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

from benchmarks.result import Result
from benchmarks.speed.machine import processor
from benchmarks.speed.turns import in_turn

EMPTY = ["-c", "pass"]
MOST = {"import isthmus": (["-c", "import isthmus"], 0.15), "isthmus --help": (["-m", "isthmus", "--help"], 0.3)}


def run(rounds: Sequence[int]) -> Result:
    result = Result(
        name="start_up",
        target="at most .15 s and .3 s beyond an empty Python",
        columns=["what", "seconds beyond", "lowest", "highest"],
        note=processor(),
    )
    started = {"": EMPTY, **{name: arguments for name, (arguments, _) in MOST.items()}}
    for arguments in started.values():
        started_and_ended(arguments)
    found = in_turn({name: lambda a=a: started_and_ended(a) for name, a in started.items()}, 2 * len(rounds))
    met = []
    for name, (_, most) in MOST.items():
        beyond = [taken - empty for taken, empty in zip(found[name], found[""], strict=True)]
        result.add(name, statistics.median(beyond), min(beyond), max(beyond))
        met.append(statistics.median(beyond) <= most)
    result.met = all(met)
    return result


def started_and_ended(arguments: Sequence[str]) -> float:
    """Seconds of wall time."""
    began = time.perf_counter()
    kept = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}  # compiled once, as where it is installed
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, env=kept)
    return time.perf_counter() - began
