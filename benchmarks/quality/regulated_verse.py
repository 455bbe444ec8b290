"""Chinese regulated verse as 128 numbers: SequenceVAE on 21 000 poems of the Tang, by characters."""

import re
from collections.abc import Sequence

import isthmus as im
from benchmarks import texts
from benchmarks.quality.result import Result

LINE_END = re.compile(r"[，。]")


def run(seeds: Sequence[int]) -> Result:
    task = texts.Task(
        name="regulated_verse",
        data="tang-poems",
        model=im.SequenceVAE(128, free_bits=0.5, network={"width": 256}),
        epochs=4,
        rule="4 or 8 lines, all of 5 or all of 7 characters",
        valid=is_regulated,
    )
    return texts.run(task, seeds)


def is_regulated(poem: str) -> bool:
    """Whether lines are as regulated verse has them."""
    lines = [len(line) for line in LINE_END.split(poem) if line]
    return len(lines) in (4, 8) and len(set(lines)) == 1 and lines[0] in (5, 7)
