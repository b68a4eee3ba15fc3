"""Contenders of a bench, and how one is timed."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from models.kernels import set_threads
from models.kernels.paths import threads

Call = Callable[[], Any]
"""A contender that the bench times: one call is one measurement."""


@dataclass(frozen=True)
class SelfTimed:
    """A contender that times itself. milliseconds: measures once."""

    milliseconds: Callable[[], float]


Contender = Call | SelfTimed


def _nothing() -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How a call is timed.

    Before every measurement, the call runs warm_up_calls times, and on until warm_up_seconds have passed: caches then
    hold its data, and its threads are awake. wait: blocks until the device has finished, as torch.cuda.synchronize
    does; called right before the clock starts and before it stops. clock: in seconds; `time.process_time` counts the
    time of all processors in this process, which other programs on the machine lengthen less.
    """

    warm_up_calls: int = 5  # after which times of whole networks no longer fall
    warm_up_seconds: float = 1e-3
    wait: Call = _nothing
    clock: Callable[[], float] = time.perf_counter

    def __post_init__(self) -> None:
        if type(self.warm_up_calls) is not int or self.warm_up_calls < 0:
            raise ValueError(f"warm_up_calls is {self.warm_up_calls!r}; allowed is an integer of at least 0")
        if not self.warm_up_seconds >= 0:
            raise ValueError(f"warm_up_seconds is {self.warm_up_seconds!r}; allowed is a number of at least 0")

    def milliseconds(self, call: Call) -> float:
        """Warms up, then measures one call."""
        warm = time.perf_counter() + self.warm_up_seconds
        for _ in range(self.warm_up_calls):
            call()
        while time.perf_counter() < warm:
            call()
        self.wait()
        start = self.clock()
        call()
        self.wait()
        return (self.clock() - start) * 1e3


WARMED_UP = Timing()
"""For calls of up to some milliseconds, each warmed up in every round."""


def one_thread() -> AbstractContextManager[None]:
    """Kernels and torch use one thread each."""
    return some_threads(1)


@contextmanager
def some_threads(count: int) -> Iterator[None]:
    """Kernels and torch use so many threads each."""
    before, before_torch = threads(), torch.get_num_threads()
    set_threads(count)
    torch.set_num_threads(count)
    try:
        yield
    finally:
        set_threads(before)
        torch.set_num_threads(before_torch)
