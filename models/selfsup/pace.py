"""A note on the time that a training takes, from its first steps."""

import sys
import time

import torch

from models.selfsup.schedule import Schedule
from models.training.processes import process_index

_TIMED_STEPS = 20
_BUDGET_MINUTES = 10


class Pace:
    """Times 20 steps after the first, which warms up, and prints once how many epochs fit into ten minutes.

    It waits for a GPU twice.
    """

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._steps = 0
        self._started = 0.0

    def count(self, device: torch.device) -> None:
        """Counts a step that was taken on `device`."""
        self._steps += 1
        if self._steps == 1:
            self._started = _now(device)
        elif self._steps == 1 + _TIMED_STEPS:
            self._print((_now(device) - self._started) / _TIMED_STEPS)

    def _print(self, seconds: float) -> None:
        """Prints the note from the main process. seconds: of a step."""
        if process_index() > 0:
            return
        epoch, epochs = seconds * self._schedule.steps_per_epoch, self._schedule.epochs
        print(
            f"wrapmac: note: about {epoch:.2f} s an epoch, by {_TIMED_STEPS} steps: --epochs {epochs} takes "
            f"{epochs * epoch / 60:.1f} minutes, and {int(60 * _BUDGET_MINUTES / epoch)} epochs fit into "
            f"{_BUDGET_MINUTES} minutes",
            file=sys.stderr,
        )


def _now(device: torch.device) -> float:
    """Seconds on a clock, when the device has finished its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.monotonic()
