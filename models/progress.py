"""Progress on the terminal: live bars where there is one, a line per finished task elsewhere."""

import threading
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars


class _ProgressConsole(Console):
    def on_broken_pipe(self) -> None:
        """Stops showing progress and lets the work continue; rich would end the process."""
        self.quiet = True


class Progress:
    """A group of tasks with a bar each, written to standard error. Use as a context manager."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._console = _ProgressConsole(stderr=True, quiet=quiet)
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}"),
            console=self._console,
            disable=quiet or not self._console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def task(self, title: str, total: int) -> "Task":
        """A new task of `total` steps."""
        return Task(self._console, self._bars, title, total)


class Task:
    """One task of a Progress; safe to advance from several threads."""

    def __init__(self, console: Console, bars: Bars, title: str, total: int) -> None:
        self._console = console
        self._bars = bars
        self._title = title
        self._total = total
        self._done = 0
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._bar = bars.add_task(title, total=total, note="")

    def advance(self, steps: int = 1, note: str = "") -> None:
        """Counts finished steps and shows a short note beside the bar."""
        with self._lock:
            self._done += steps
            finished = self._done >= self._total
        self._bars.update(self._bar, advance=steps, note=note)
        if finished and self._bars.disable:
            self._console.print(
                f"{self._title}: {time.monotonic() - self._started:.1f} s {note}".rstrip(), highlight=False
            )
