"""python -m benchmarks.KIND [NAME ...]: without a name, what there is."""

import argparse
import importlib
import time
from pathlib import Path
from typing import Any

from benchmarks.page import Page


def main(page: Page, repeats: str, default: int) -> int:
    """Measure what was asked for; ``repeats`` is the option that says how often. The number of missed targets."""
    names = measured(page.package)
    parser = argparse.ArgumentParser(prog=f"python -m {page.package}")
    parser.add_argument("names", nargs="*", choices=[*names, "all", []])
    parser.add_argument(f"--{repeats}", type=int, default=default, dest="repeats")
    parser.add_argument("--page", action="store_true", help=f"write {page.shown} from the last measurements")
    given = parser.parse_args()
    if given.page:
        print(page.write(names))
        return 0
    if not given.names:
        for name in names:
            print(f"{name}: {about(page.package, name)}")
        return 0
    return sum(not met(page.package, name, given.repeats) for name in (names if "all" in given.names else given.names))


def met(package: str, name: str, repeats: int) -> bool:
    """Run one benchmark, print and keep what it found."""
    print(f"\n{name}: {about(package, name)}", flush=True)
    began = time.monotonic()
    result = module(package, name).run(range(repeats))
    path = result.write(package)
    state = "met" if result.met else "MISSED"
    print(f"target: {result.target}: {state} ({time.monotonic() - began:.0f} s) {result.note}\n{path}", flush=True)
    return bool(result.met)


def measured(package: str) -> list[str]:
    """The benchmarks of a kind: a module each, with a function ``run``."""
    folder = Path(__file__).parent / package.rpartition(".")[2]
    return sorted(path.stem for path in folder.glob("*.py") if "\ndef run(" in path.read_text(encoding="utf8"))


def about(package: str, name: str) -> str:
    return (module(package, name).__doc__ or "").splitlines()[0]


def module(package: str, name: str) -> Any:
    return importlib.import_module(f"{package}.{name}")
