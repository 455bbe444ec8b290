"""What this machine can do at the most: products of matrices, and copies."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from pathlib import Path

import torch

from benchmarks.result import Result
from benchmarks.speed.turns import seconds
from isthmus.errors import counted

SIZES = ((2048, 2048, 2048), (512, 784, 512), (128, 784, 512))


def run(rounds: Sequence[int]) -> Result:
    result = Result(
        name="machine",
        target="what others are fractions of",
        columns=["what", "median", "lowest", "highest"],
        note=processor(),
        met=True,
    )
    for kind in (torch.float32, torch.bfloat16):
        for size in SIZES:
            rates = [products_per_second(kind, *size) / 1e9 for _ in rounds]
            name = f"products of {size[0]} x {size[1]} by {size[1]} x {size[2]}, {str(kind)[6:]}, GFLOP/s"
            result.add(name, statistics.median(rates), min(rates), max(rates))
    rates = [copied_per_second() / 1e9 for _ in rounds]
    result.add("copies of 256 MiB, GB/s", statistics.median(rates), min(rates), max(rates))
    return result


def products_per_second(kind: torch.dtype, rows: int, inner: int, columns: int) -> float:
    """Floating-point operations per second of a matrix product, two per product and sum."""
    a, b = torch.randn(rows, inner, dtype=kind), torch.randn(inner, columns, dtype=kind)
    out = torch.empty(rows, columns, dtype=kind)
    torch.mm(a, b, out=out)
    return 2 * rows * inner * columns / seconds(lambda: torch.mm(a, b, out=out))


def copied_per_second() -> float:
    """Bytes of memory copied per second."""
    a = torch.ones(2**26)
    b = torch.empty_like(a)
    b.copy_(a)
    return 4 * 2**26 / seconds(lambda: b.copy_(a))


def processor() -> str:
    """What runs it, in words."""
    about = Path("/proc/cpuinfo")
    lines = about.read_text(encoding="utf8").splitlines() if about.is_file() else []
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    threads = counted(torch.get_num_threads(), "thread")
    return f"{name or platform.processor()}, {counted(os.cpu_count() or 1, 'processor')}, {threads}"
