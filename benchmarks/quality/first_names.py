"""First names as 32 numbers: SequenceVAE on 22 000 different ones, by letters."""

from collections.abc import Callable, Sequence

import isthmus as im
from benchmarks import texts
from benchmarks.result import Result
from isthmus.data import load


def run(seeds: Sequence[int]) -> Result:
    task = texts.Task(
        name="first_names",
        data="names",
        model=im.SequenceVAE(32, free_bits=1.0, network={"width": 192}),
        epochs=40,
        rule="every three letters in a row are in some name to learn from",
        valid=_spells_like(load("names", "train").values),
        exact=0.95,
    )
    return texts.run(task, seeds)


def _spells_like(names: Sequence[str]) -> Callable[[str], bool]:
    known = {three for name in names for three in _threes(name)}
    return lambda name: bool(name) and all(three in known for three in _threes(name))


def _threes(name: str) -> list[str]:
    whole = f"^{name}$"
    return [whole[i : i + 3] for i in range(len(whole) - 2)]
