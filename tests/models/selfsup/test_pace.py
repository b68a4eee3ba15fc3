"""The note on the time that a training takes."""

from itertools import count

import pytest
import torch

from models.selfsup.pace import Pace
from models.selfsup.schedule import Schedule


def test_twenty_steps_are_timed_and_the_epochs_that_fit_are_printed_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = count(100, 6)  # two looks, six seconds apart: 0.3 s a step
    monkeypatch.setattr("models.selfsup.pace.time.monotonic", lambda: float(next(clock)))
    pace = Pace(Schedule(images=1000, steps_per_epoch=50, dropped=0, tasks=1, epochs=20))
    for _ in range(20):
        pace.count(torch.device("cpu"))
    assert not capsys.readouterr().err
    for _ in range(50):
        pace.count(torch.device("cpu"))
    assert capsys.readouterr().err == (
        "wrapmac: note: about 15.00 s an epoch, by 20 steps: --epochs 20 takes 5.0 minutes, and 40 epochs fit into "
        "10 minutes\n"
    )
