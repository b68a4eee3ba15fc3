"""The choice between a loop over tasks and vmap, by a short timing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import get_args

import torch

from models.fewshot.inner.tasks import How

_NAMES: Mapping[How, str] = {"loop": "a loop over tasks", "vmap": "vmap"}


@dataclass(frozen=True)
class Timing:
    """Seconds of a step by way of working on its tasks; infinite where the device's memory was too small."""

    seconds: Mapping[How, float]

    @property
    def how(self) -> How:
        """The quicker way; the loop, which needs less memory, if they are equal."""
        return min(self.seconds, key=lambda how: (self.seconds[how], how))

    def __str__(self) -> str:
        figures = ", ".join(f"{_NAMES[how]} {seconds:.3g} s a step" for how, seconds in self.seconds.items())
        return f"{figures}: taking {_NAMES[self.how]}"


def time_ways(step: Callable[[How], object], device: torch.device, repetitions: int = 3) -> Timing:
    """Medians of the times that a step takes, the ways in turn, after one unmeasured step each.

    step: computes a gradient in the given way and keeps nothing. Random numbers go on afterwards as if it had drawn
    none. The choice may differ from run to run, and the two ways round differently: a run that must resume with equal
    numbers keeps it. Raises ValueError for a number of repetitions below 1.
    """
    if repetitions < 1:
        raise ValueError(f"repetitions is {repetitions}; allowed are 1 and more")
    seconds: dict[How, list[float]] = {how: [] for how in get_args(How)}
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        for _ in range(1 + repetitions):
            for how, measured in seconds.items():
                measured.append(_seconds(step, how, device))
    return Timing({how: median(measured[1:]) for how, measured in seconds.items()})


def _seconds(step: Callable[[How], object], how: How, device: torch.device) -> float:
    start = perf_counter()
    try:
        step(how)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
    except torch.OutOfMemoryError:
        return float("inf")
    return perf_counter() - start
