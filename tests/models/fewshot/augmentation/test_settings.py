"""Settings of augmentation, and what is built from them."""

import subprocess
import sys
from typing import Any

import pytest

from models.fewshot.augmentation.build import build_augmentation
from models.fewshot.augmentation.settings import AugmentationSettings
from models.fewshot.config import FewShotConfig
from tests.support.augmentation import PIXELS, draws_for, random_episode


def names(settings: AugmentationSettings) -> list[str]:
    return [entry.name for entry in build_augmentation(settings, PIXELS, 8, 3).draws.pool]


def test_a_single_augmentation_is_a_pool_of_one_with_one_candidate() -> None:
    settings = AugmentationSettings(augment="cutmix:query+rotation:task", m=7, select="slot")
    built = build_augmentation(settings, PIXELS, 8, 3)
    assert names(settings) == ["rotation:task+cutmix:query"]
    assert (built.draws.count, built.draws.tasks, built.draws.seed, built.select) == (1, 8, 3, "task")
    assert names(AugmentationSettings()) == ["none"]


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("maxup:single", ["cutmix:query", "random-erase:query", "self-mix:support", "rotation:task"]),
        ("maxup:cutmix:query,flip:shot,none", ["cutmix:query", "flip:shot", "none"]),
        ("maxup:self-mix:query", ["self-mix:query"]),
    ],
)
def test_meta_maxup_takes_a_pool_by_name_or_as_a_list(text: str, entries: list[str]) -> None:
    settings = AugmentationSettings(augment=text, m=3, select="slot", draw="batch")
    built = build_augmentation(settings, PIXELS, 8, 3)
    assert names(settings) == entries
    assert (built.draws.count, built.draws.draw_for, built.select) == (3, "batch", "slot")


def test_classes_turn_twice_as_often_in_a_pool() -> None:
    episode = random_episode(tasks=400, size=2, shot=1, query=1)
    shares = []
    for text in ("rotation:task", "maxup:rotation:task"):
        (entry,) = build_augmentation(AugmentationSettings(augment=text), PIXELS, 8, 0).draws.pool
        found = entry.of_images(episode, draws_for(400)).support
        shares.append((found != episode.support).flatten(2).any(2).double().mean().item())
    assert shares == pytest.approx([0.25, 0.5], abs=0.04)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"augment": "self-mix:task"}, "augmentation self-mix has no mode 'task'; it has support, query"),
        ({"augment": "maxup:huge"}, "pool is 'huge'; allowed are cutmix, single, medium, large"),
        ({"augment": "maxup:"}, "pool is ''; allowed are"),
        ({"augment": "maxup:cutmix:query,cutmix:query"}, "pool has cutmix:query twice"),
        ({"m": 0}, "m is 0; allowed is an integer of at least 1"),
        ({"copies": 1}, "copies is 1; allowed is an integer of at least 2"),
        ({"select": "query"}, "select is 'query'; allowed are task, slot"),
        ({"draw": "epoch"}, "draw is 'epoch'; allowed are task, batch"),
    ],
)
def test_impossible_settings_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AugmentationSettings(**given).check()
    with pytest.raises(ValueError, match=message):
        FewShotConfig(augmentation=AugmentationSettings(**given))


def test_settings_are_collected_without_torch() -> None:
    code = "import sys, models.fewshot.augmentation.settings; print('torch' in sys.modules, 'numpy' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found.split() == ["False", "False"]
