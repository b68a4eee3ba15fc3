"""Contenders measured in turn, with the processor's clock in every round."""

import itertools
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch

from models.progress import Progress
from reports.bench.clock import clock_ghz
from reports.bench.contenders import WARMED_UP, Contender, SelfTimed, Timing, one_thread
from reports.bench.device import described, finished

LARGEST_COUNT = 1 << 20
"""Most rounds of a bench, and most of anything else that it counts."""

_STEADY = 0.05  # a round whose clock is farther off the usual one does not count


def check_count(name: str, value: int, smallest: int = 1) -> None:
    """Raises ValueError, naming the parameter, for anything but an integer from `smallest` to LARGEST_COUNT."""
    if type(value) is not int or not smallest <= value <= LARGEST_COUNT:
        raise ValueError(f"{name} is {value!r}; allowed is an integer of at least {smallest}, up to {LARGEST_COUNT}")


@dataclass
class Rounds:
    """Milliseconds of each contender in each round, and the clock in GHz at the beginning of each round.

    clocks: empty where the clock cannot be read; then every round counts.
    """

    times: dict[str, list[float]]
    clocks: list[float] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Number of rounds."""
        return max((len(times) for times in self.times.values()), default=len(self.clocks))

    def steady(self, clock: float | None) -> list[bool]:
        """Which rounds ran close to this clock; all of them if it is None."""
        if clock is None or not self.clocks:
            return [True] * self.count
        return [abs(one - clock) <= _STEADY * clock for one in self.clocks]

    def medians(self, clock: float | None = None) -> dict[str, float]:
        """The median of each contender over the rounds close to this clock; over all rounds if none is."""
        kept = self.steady(clock)
        if not any(kept):
            kept = [True] * len(kept)
        return {name: statistics.median(itertools.compress(times, kept)) for name, times in self.times.items()}

    def fastest(self) -> dict[str, float]:
        """The fastest round of each contender."""
        return {name: min(times) for name, times in self.times.items()}


def usual_clock(*measured: Rounds) -> float | None:
    """The median clock of all rounds in GHz, one that was measured; None where none was."""
    clocks = [clock for rounds in measured for clock in rounds.clocks]
    return statistics.median_high(clocks) if clocks else None


def in_turn(
    contenders: Mapping[str, Contender],
    rounds: int,
    advance: Callable[[], None] = lambda: None,
    timing: Timing = WARMED_UP,
) -> Rounds:
    """Measures every contender once per round, each round beginning with the next contender.

    advance: called after every round. timing: of contenders that do not time themselves.
    """
    found = Rounds({name: [] for name in contenders})
    names = list(contenders)
    for turn in range(rounds):
        clock = clock_ghz()
        if clock is not None:
            found.clocks.append(clock)
        for place in range(len(names)):
            name = names[(turn + place) % len(names)]
            found.times[name].append(_measured(contenders[name], timing))
        advance()
    return found


def medians_on(
    device: torch.device, contenders: Mapping[str, Contender], rounds: int, progress: Progress | None
) -> tuple[dict[str, float], str]:
    """The median milliseconds of long calls that take turns on a device, on one thread; and the device, described.

    Each call warms up once in every round. progress: shows the rounds, if there is one.
    """
    timing = Timing(warm_up_calls=1, warm_up_seconds=0, wait=finished(device))
    with progress or Progress(quiet=True) as shown, one_thread():
        task = shown.task("rounds", rounds)
        return in_turn(contenders, rounds, task.advance, timing).medians(), described(device)


def _measured(contender: Contender, timing: Timing) -> float:
    return contender.milliseconds() if isinstance(contender, SelfTimed) else timing.milliseconds(contender)
