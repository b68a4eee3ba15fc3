"""Settings of augmentation, and what is built from them."""

import subprocess
import sys
from typing import Any, get_args

import pytest

from models.fewshot.augmentation.build import build_augmentation
from models.fewshot.augmentation.names import MODES, POOLS, Mode
from models.fewshot.augmentation.settings import AugmentationSettings
from models.fewshot.config import FewShotConfig
from tests.support.augmentation import PIXELS, draws_for, random_episode


def names(settings: AugmentationSettings) -> list[str]:
    return [entry.name for entry in build_augmentation(settings, PIXELS, 8, 3).draws.pool]


def test_a_single_augmentation_is_a_pool_of_one_with_one_candidate() -> None:
    settings = AugmentationSettings(augment="cutmix:query+rotation:task")
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


def test_classes_turn_twice_as_often_where_candidates_are_chosen_from() -> None:
    episode = random_episode(tasks=400, size=2, shot=1, query=1)
    shares = []
    for text, m in (("rotation:task", 4), ("maxup:rotation:task", 1), ("maxup:rotation:task", 2)):
        settings = AugmentationSettings(augment=text, m=m)
        (entry,) = build_augmentation(settings, PIXELS, 8, 0).draws.pool
        found = entry.of_images(episode, draws_for(400)).support
        shares.append((found != episode.support).flatten(2).any(2).double().mean().item())
    assert shares == pytest.approx([0.25, 0.25, 0.5], abs=0.04)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"augment": "self-mix:task"}, "augmentation self-mix has no mode 'task'; it has support, query"),
        ({"augment": "maxup:huge"}, "pool is 'huge'; allowed are cutmix, single, medium, large"),
        ({"augment": "maxup:"}, "pool is ''; allowed are"),
        ({"augment": "maxup:cutmix:query,cutmix:query"}, "pool has cutmix:query twice"),
        ({"m": 0}, "m is 0; allowed are the integers 1 to 1048576"),
        ({"m": 10**20}, "m is 100000000000000000000; allowed are the integers 1 to 1048576"),
        ({"copies": 1}, "copies is 1; allowed are the integers 2 to 1048576"),
        ({"copies": 10**7}, "copies is 10000000; allowed are the integers 2 to 1048576"),
        ({"select": "query"}, "select is 'query'; allowed are task, slot"),
        ({"draw": "epoch"}, "draw is 'epoch'; allowed are task, batch"),
    ],
)
def test_impossible_settings_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AugmentationSettings(**given).check()
    with pytest.raises(ValueError, match=message):
        FewShotConfig(augmentation=AugmentationSettings(**given))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"m": 2}, "m is 2, but augment is none; m is for Meta-MaxUp"),
        ({"augment": "cutmix:query", "select": "slot"}, "select is slot, but augment is cutmix:query; select is for"),
        ({"augment": "rotation:task", "draw": "batch"}, "draw is batch, but augment is rotation:task; draw is for"),
        ({"augment": "cutmix:task", "per_image": True}, "per_image is for cutmix, mixup, feature-mixup, self-mix of"),
        ({"augment": "maxup:rotation:task,flip:shot", "per_image": True}, "per_image is for cutmix, mixup,"),
        ({"augment": "flip:shot", "copies": 3}, "copies is 3, but augment is flip:shot; copies is for crop:shot and"),
        ({"augment": "rotation:query", "copies": 3}, "copies is for crop:shot and rotation:shot"),
    ],
)
def test_settings_that_change_nothing_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AugmentationSettings(**given).check()


@pytest.mark.parametrize(
    "given",
    [
        {"augment": "maxup:cutmix:query", "m": 1, "select": "slot", "draw": "batch"},
        {"augment": "maxup:large", "per_image": True},
        {"augment": "feature-mixup:support", "per_image": True},
        {"augment": "maxup:flip:shot,rotation:shot", "copies": 3},
    ],
)
def test_settings_that_an_entry_of_the_pool_heeds_are_allowed(given: dict[str, Any]) -> None:
    AugmentationSettings(**given).check()


def test_the_help_names_every_augmentation_mode_and_pool() -> None:
    code = "from reports.commands.methods.fewshot import TrainFewShot; import tyro; tyro.cli(TrainFewShot)"
    command = [sys.executable, "-c", code, "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    of_augment = shown.split("--augment STR")[1].split("--m INT")[0].split()
    words = {word.strip(".,()") for word in of_augment}
    assert {*MODES, *POOLS, *get_args(Mode)} <= words


def test_settings_are_collected_without_torch() -> None:
    code = "import sys, models.fewshot.augmentation.settings; print('torch' in sys.modules, 'numpy' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found.split() == ["False", "False"]
