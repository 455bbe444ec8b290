"""All commands in one application, and what becomes of errors: words and an exit code, no tracebacks."""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from isthmus import __version__
from isthmus.cli.outputs import UsageError
from isthmus.errors import IsthmusError

OK, USER_ERROR, USAGE, INTERRUPTED = 0, 1, 2, 130
UNKNOWN = ".* tokens .* are taken as unknown"  # so that the class, and torch, need not be imported
DEBUG = "ISTHMUS_DEBUG"  # an environment variable: show tracebacks


def application() -> typer.Typer:
    """The commands, one for each file in ``isthmus.cli.commands``, in the order of a user's work."""
    app = typer.Typer(
        name="isthmus",
        help="Autoencoders for tables, images, arrays and texts: fit one, look at it, use it.",
        no_args_is_help=True,
        rich_markup_mode="markdown",
        pretty_exceptions_enable=False,
    )
    for stem in _commands():
        module = importlib.import_module(f"isthmus.cli.commands.{stem}")
        app.command(name=stem.replace("_", "-"))(guarded(module.command))
    app.callback()(_version)
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0 done, 1 the user's error, 2 wrong usage, 130 interrupted."""
    try:
        application()(arguments, prog_name="isthmus")
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else USER_ERROR
    return OK


def guarded(command: Callable[..., None]) -> Callable[..., None]:
    """The same command, whose errors end in words and an exit code."""

    @functools.wraps(command)
    def run(*positional: Any, **named: Any) -> None:
        try:
            with warnings_in_words():
                command(*positional, **named)
        except KeyboardInterrupt as error:
            raise _told(str(error) or "Stopped.", INTERRUPTED) from None
        except UsageError as error:
            raise _told(str(error), USAGE) from None
        except IsthmusError as error:
            raise _told(str(error), USER_ERROR) from None
        except AttributeError as error:
            if not isinstance(error.__cause__, IsthmusError):
                raise
            raise _told(str(error.__cause__), USER_ERROR) from None
        except MemoryError:
            raise _told("Out of memory. Try fewer rows, or --set trainer.batch_size=64", USER_ERROR) from None
        except OSError as error:
            raise _told(f"{error.filename or 'a file'}: {error.strerror or error}", USER_ERROR) from None
        except Exception as error:  # noqa: BLE001  the last resort, so that nobody sees a traceback unasked
            raise _told(
                f"This is a defect of Isthmus {__version__}: {type(error).__name__}: {error}\n"
                f"Please report it with what {DEBUG}=1 prints before this command.",
                USER_ERROR,
            ) from None

    return run


@contextlib.contextmanager
def warnings_in_words() -> Iterator[None]:
    """What Isthmus warns of is a line on standard error, once for each kind of warning; others stay as they are."""
    plain: Any = warnings.showwarning
    told: set[type[Warning]] = set()

    def show(message: Any, category: type[Warning], *where: Any, **more: Any) -> None:
        if not category.__module__.startswith("isthmus."):
            plain(message, category, *where, **more)
        elif category not in told:
            told.add(category)
            sys.stderr.write(f"{message}\n")

    with warnings.catch_warnings():
        warnings.filterwarnings("always", message=UNKNOWN)
        warnings.showwarning = show
        yield


def _told(message: str, code: int) -> typer.Exit:
    if os.environ.get(DEBUG):
        traceback.print_exc()
    sys.stderr.write(f"{message}\n")
    return typer.Exit(code)


def _commands() -> list[str]:
    stems = [path.stem for path in (Path(__file__).parent / "commands").glob("[!_]*.py")]
    known = ["fit", "evaluate", "report", "encode", "decode", "reconstruct", "sample", "interpolate"]
    return sorted(stems, key=lambda stem: (known.index(stem) if stem in known else len(known), stem))


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"isthmus {__version__}\n")
        raise typer.Exit


def _version(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Autoencoders for tables, images, arrays and texts: fit one, look at it, use it."""
