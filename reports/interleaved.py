"""Contenders measured in turn, in one process, and the processor's clock beside them."""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import compress
from typing import Any

import torch

from models.kernels import set_threads
from models.kernels.paths import native, threads

Contender = Callable[[], Any]

_STEADY = 0.05  # a clock this much off the run's median: the round does not count
_CLOCK_ROUNDS = 100_000
_WARM_UP = 1e-3  # seconds, which threads take to wake up


def usual_clock(clocks: list[float]) -> tuple[float, list[bool]]:
    """The median of the clocks of all rounds, one of them, and which rounds were close to it."""
    usual = statistics.median_high(clocks)
    return usual, [abs(clock - usual) <= _STEADY * usual for clock in clocks]


def in_turn(
    contenders: Mapping[str, Contender], rounds: int, clocks: list[float], advance: Callable[[], None]
) -> dict[str, list[float]]:
    """Milliseconds of each contender in each round: after calls that make the caches its own, and wake its threads."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    names = list(contenders)
    with torch.no_grad():
        for turn in range(rounds):
            clocks.append(_clock())
            for place in range(len(names)):
                name = names[(turn + place) % len(names)]
                warm = time.perf_counter() + _WARM_UP
                contenders[name]()
                while time.perf_counter() < warm:
                    contenders[name]()
                start = time.perf_counter()
                contenders[name]()
                times[name].append((time.perf_counter() - start) * 1e3)
            advance()
    return times


def _clock() -> float:
    """The processor's clock, GHz: additions that wait for each other take a cycle each."""
    start = time.perf_counter()
    native.lib.wrap_count(_CLOCK_ROUNDS)
    return float(_CLOCK_ROUNDS / (time.perf_counter() - start) / 1e9)


def median(times: list[float], steady: list[bool]) -> float:
    """The median of steady rounds; of all where none is, or where the clock was not measured."""
    kept = list(compress(times, steady)) if len(times) == len(steady) else []
    return statistics.median(kept or times)


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
