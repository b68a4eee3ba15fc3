"""Table 5.8: which networks are timed, and what times of steps come to."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from models.fewshot.class_images import FewShotData
from models.progress import Progress
from reports.fewshot import step_times as module
from reports.fewshot.published import PUBLISHED
from reports.fewshot.scales import SCALES
from reports.fewshot.step_times import step_times
from tests.support.fewshot import random_classes

TINY = replace(
    SCALES["small"],
    widths={"cnn4": 3, "resnet12": 2},
    common={
        "tasks": 1,
        "batches": 30,
        "epochs": 4,
        "shot": 1,
        "query": 1,
        "validation_episodes": 0,
        "test_episodes": 2,
    },
    learners={"ridge": {}, "svm": {}, "classical": {}},
)


def test_every_row_is_timed_and_medians_of_steps_become_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []

    def in_turn(steps: Mapping[str, Callable[[], None]], *_: Any) -> Any:
        for _ in range(2):
            for name, step in steps.items():
                step()
                called.append(name)
        return SimpleNamespace(times={name: [1000.0, 9000.0, 2000.0] for name in steps})  # milliseconds

    monkeypatch.setattr(module, "in_turn", in_turn)
    data = FewShotData("few", {name: random_classes(name, (4,) * 6, size=16) for name in ("train", "test")})
    with Progress(quiet=True) as progress:
        found = step_times(data, TINY, progress)
    assert called == [*PUBLISHED["5.8"].names] * 2
    for times in found.values():
        assert times == {"epoch_s": 60, "total_min": 4, "step_ms": 2000}
