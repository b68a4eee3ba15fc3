"""The share of training that making views takes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch


class ViewTime:
    """Sums up the time of making views, on a GPU without waiting for it, beside the time since the epoch's start."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Begins an epoch."""
        self._started = time.monotonic()
        self._seconds = 0.0
        self._events: list[tuple[torch.cuda.Event, torch.cuda.Event]] = []

    @contextmanager
    def measured(self, device: torch.device) -> Iterator[None]:
        """Counts what runs within."""
        if device.type == "cuda":
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
            start.record()
            yield
            end.record()
            self._events.append((start, end))
            return
        started = time.perf_counter()
        yield
        self._seconds += time.perf_counter() - started

    def share(self) -> float:
        """The share of the time so far, 0 to 1."""
        if self._events:
            torch.cuda.synchronize()
        milliseconds: float = sum(start.elapsed_time(end) for start, end in self._events)
        seconds = self._seconds + milliseconds / 1e3
        return min(1.0, seconds / max(1e-9, time.monotonic() - self._started))
