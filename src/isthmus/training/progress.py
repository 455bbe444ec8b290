"""How far training has come: losses, rate and time left."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bar


class Progress:
    """A bar on a terminal, a plain line now and then elsewhere, nothing when not asked for.

    >>> with Progress(total=10, shown=False) as progress:
    ...     progress.advance(1)
    """

    LINE_EVERY = 10.0  # seconds between plain lines

    def __init__(self, total: int, shown: bool, done: int = 0, rows_per_step: int = 1, title: str = "training") -> None:
        self.title = title
        self.total, self.shown, self.done, self.rows = total, shown, done, rows_per_step
        self._bar: Bar | None = None
        self._text = ""
        self._began = self._last = time.monotonic()
        self._at_start = done

    def __enter__(self) -> Progress:
        if self.shown and sys.stderr.isatty():
            self._bar = _rich_bar()
            self._task = self._bar.add_task(self.title, total=self.total, completed=self.done, text="")
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
        elif self.shown and self.done > self._at_start:
            self._line()

    def advance(self, steps: int) -> None:
        """So many steps more."""
        self.done += steps
        now = time.monotonic()
        if not self.shown or now - self._last < (0.1 if self._bar else self.LINE_EVERY):
            return
        self._last = now
        if self._bar is not None:
            self._bar.update(self._task, completed=self.done, text=f"{self._rate()} {self._text}")
        else:
            self._line()

    def tell(self, text: str) -> None:
        """What to show beside the bar."""
        self._text = text

    def _rate(self) -> str:
        seconds = max(time.monotonic() - self._began, 1e-9)
        return f"{(self.done - self._at_start) * self.rows / seconds:,.0f} rows/s"

    def _line(self) -> None:
        spent = time.monotonic() - self._began
        steps = self.done - self._at_start
        left = spent / steps * (self.total - self.done) if steps else 0.0
        sys.stderr.write(
            f"{self.title}: step {self.done}/{self.total}  {self._rate()}  {self._text}  "
            f"{spent:.0f} s gone, {left:.0f} s left\n"
        )


def _rich_bar() -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("steps {task.fields[text]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
