"""Contenders measured in turn, and the processor's clock beside them."""

import itertools
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch

from models.kernels import set_threads
from models.kernels.paths import native, threads

Call = Callable[[], Any]


@dataclass(frozen=True)
class SelfTimed:
    """A contender that measures itself: its milliseconds, after a warm-up."""

    milliseconds: Callable[[], float]


Contender = Call | SelfTimed

_STEADY = 0.05  # a clock this much off the run's median: the round does not count
_CLOCK_ROUNDS = 100_000
_CLOCK_TRIES = 3
_WARM_UP = 1e-3  # seconds, which threads take to wake up
_WARM_UP_CALLS = 5  # after which times of whole networks no longer fall


@dataclass
class Rounds:
    """Milliseconds of each contender in each round, and the clock at its beginning, GHz."""

    times: dict[str, list[float]]
    clocks: list[float] = field(default_factory=list)

    def steady(self, clock: float) -> list[bool]:
        """Which rounds were close to this clock."""
        return [abs(one - clock) <= _STEADY * clock for one in self.clocks]

    def medians(self, clock: float) -> dict[str, float]:
        """The median of rounds close to this clock; of all where none is."""
        kept = self.steady(clock)
        if not any(kept):
            kept = [True] * len(kept)
        return {name: statistics.median(itertools.compress(times, kept)) for name, times in self.times.items()}


def usual_clock(*measured: Rounds) -> float:
    """The median of the clocks of all rounds, one of them, GHz."""
    return statistics.median_high(clock for rounds in measured for clock in rounds.clocks)


def in_turn(contenders: Mapping[str, Contender], rounds: int, advance: Callable[[], None] = lambda: None) -> Rounds:
    """Measures each contender in each round, as `timed` does."""
    found = Rounds({name: [] for name in contenders})
    names = list(contenders)
    with torch.no_grad():
        for turn in range(rounds):
            found.clocks.append(_clock())
            for place in range(len(names)):
                name = names[(turn + place) % len(names)]
                contender = contenders[name]
                measure = contender.milliseconds if isinstance(contender, SelfTimed) else partial(timed, contender)
                found.times[name].append(measure())
            advance()
    return found


def timed(call: Call) -> float:
    """Milliseconds of a call, after calls that make the caches its own, and wake its threads."""
    warm = time.perf_counter() + _WARM_UP
    for _ in range(_WARM_UP_CALLS):
        call()
    while time.perf_counter() < warm:
        call()
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1e3


def _clock() -> float:
    """The processor's clock, GHz: operations that wait for each other take a cycle each; interruptions only add."""
    return max(_counted_clock() for _ in range(_CLOCK_TRIES))


def _counted_clock() -> float:
    start = time.perf_counter()
    native.lib.wrap_count(_CLOCK_ROUNDS)
    return float(_CLOCK_ROUNDS / (time.perf_counter() - start) / 1e9)


@contextmanager
def one_thread() -> Iterator[None]:
    """Kernels and torch take one thread each."""
    before, before_torch = threads(), torch.get_num_threads()
    set_threads(1)
    torch.set_num_threads(1)
    try:
        yield
    finally:
        set_threads(before)
        torch.set_num_threads(before_torch)
