"""Tables 5.8 and 6.9: which networks are timed, and what times of steps come to."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from models.fewshot.class_images import FewShotData
from models.progress import Progress
from reports.fewshot import step_times as module
from reports.fewshot.augmentation.published import PUBLISHED as AUGMENTATION
from reports.fewshot.augmentation.times import augmentation_times, runtime_comparison
from reports.fewshot.published import PUBLISHED
from reports.fewshot.scales import SCALES
from reports.fewshot.step_times import step_times
from reports.tables.beside import rendered
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


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The rows whose steps run; the n-th row's times have a median of 2 n seconds."""
    rows: list[str] = []

    def in_turn(steps: Mapping[str, Callable[[], None]], *_: Any) -> Any:
        for name, step in steps.items():
            step()
            rows.append(name)
        return SimpleNamespace(
            times={name: [1000.0 * place, 9000.0 * place, 2000.0 * place] for place, name in enumerate(steps, 1)}
        )

    monkeypatch.setattr(module, "in_turn", in_turn)
    return rows


def few_images(classes: int = 6) -> FewShotData:
    return FewShotData("few", {name: random_classes(name, (4,) * classes, size=16) for name in ("train", "test")})


def test_every_row_of_5_8_is_timed_and_medians_of_steps_become_epochs(called: list[str]) -> None:
    with Progress(quiet=True) as progress:
        found = step_times(few_images(), TINY, progress)
    assert called == PUBLISHED["5.8"].names == [*found]
    for place, times in enumerate(found.values(), 1):
        assert times == {"epoch_s": 60 * place, "total_min": 4 * place, "step_ms": 2000 * place}


def test_every_row_of_6_9_is_timed_for_both_backbones_and_stands_beside_the_published_ratio(called: list[str]) -> None:
    with Progress(quiet=True) as progress:
        found = augmentation_times(few_images(), TINY, progress)
    published, measured = runtime_comparison(AUGMENTATION["6.9"], found)
    assert published.names == [*found] == called
    for name, times in found.items():
        baseline = found[name.replace(" + DA", "").replace(" + MM", "")]
        assert times["to_baseline"] == times["step_ms"] / baseline["step_ms"]
        assert times["total_h"] == pytest.approx(times["step_ms"] / 1000 * 30 * 4 / 3600)
        method, _, backbone = name.partition(", ")
        assert published.numeric(name, "training") == AUGMENTATION["6.9"].numeric(method, backbone)
        assert measured[name]["epoch"] == [times["epoch_s"]]
    assert published.numeric("R2-D2 + MM, ResNet-12", "to the baseline") == pytest.approx(8.2 / 3.2)
    shown = rendered(published, measured)
    assert shown.columns[2:6] == (
        "published, training (h)",
        "ours, in all (h)",
        "published, to the baseline",
        "ours, to the baseline",
    )
