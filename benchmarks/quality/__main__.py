"""python -m benchmarks.quality [NAME ...]: without a name, what there is."""

import argparse
import importlib
import sys
import time
from pathlib import Path

from benchmarks.quality import page

NOT_ONE = {"__init__", "__main__", "page", "result"}


def names() -> list[str]:
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in NOT_ONE)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality")
    parser.add_argument("names", nargs="*", choices=[*names(), "all", []])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--page", action="store_true", help="write docs/results.md from the last measurements")
    given = parser.parse_args()
    if given.page:
        print(page.write(names()))
        return 0
    if not given.names:
        for name in names():
            module = importlib.import_module(f"benchmarks.quality.{name}")
            print(f"{name}: {(module.__doc__ or '').splitlines()[0]}")
        return 0
    failed = 0
    for name in names() if "all" in given.names else given.names:
        module = importlib.import_module(f"benchmarks.quality.{name}")
        print(f"\n{name}: {(module.__doc__ or '').splitlines()[0]}", flush=True)
        began = time.monotonic()
        result = module.run(range(given.seeds))
        path = result.write()
        state = "met" if result.met else "MISSED"
        print(f"target: {result.target}: {state} ({time.monotonic() - began:.0f} s) {result.note}\n{path}", flush=True)
        failed += not result.met
    return failed


if __name__ == "__main__":
    sys.exit(main())
