"""Runs of augmented training: what they train, what they refuse, and runs from before there was augmentation."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.fewshot.augmentation.settings import AugmentationSettings
from models.fewshot.class_images import FewShotData
from models.fewshot.comparison import EpisodeTest, evaluate_run
from models.fewshot.config import ADDED, FewShotConfig
from models.fewshot.run import load_run, run_few_shot
from models.progress import Progress
from models.training.run import CONFIG
from reports.fewshot.accuracy import accuracy_table
from reports.fewshot.domains import domain_table
from reports.fewshot.lines import classes_line, episodes_line
from tests.support.fewshot import random_classes

QUIET = Progress(quiet=True)
CONFIG_OF_RUNS = FewShotConfig(
    learner="ridge",
    encoder="4x32",
    width=2,
    way=3,
    shot=1,
    query=2,
    tasks=2,
    batches=2,
    epochs=1,
    inner_steps=1,
    fine_tuning_steps=1,
    way_through_tasks="loop",
    validation_episodes=2,
    test_episodes=2,
)
DATA = FewShotData("few", {name: random_classes(name, (8,) * 7, size=16) for name in ("train", "val", "test")})


def augmented(augment: str, **changes: Any) -> FewShotConfig:
    m = 2 if augment.startswith("maxup") else 4
    return replace(CONFIG_OF_RUNS, augmentation=AugmentationSettings(augment=augment, m=m), **changes)


@pytest.mark.parametrize(
    ("augment", "changes"),
    [
        ("cutmix:query+rotation:task", {}),
        ("cutmix:support", {"learner": "svm"}),
        ("combining-labels:task", {"learner": "prototype"}),
        ("maxup:single", {"standard": True}),
        ("rotation:task", {"learner": "maml"}),
        ("cutmix:query+flip:shot", {"learner": "fomaml"}),
        ("cutmix:support", {"learner": "reptile"}),
    ],
)
def test_each_learner_trains_on_augmented_episodes_and_is_loaded(
    augment: str, changes: dict[str, Any], tmp_path: Path
) -> None:
    config = augmented(augment, **changes)
    run_few_shot(config, DATA, tmp_path / "run", QUIET)
    assert load_run(tmp_path / "run").config == config
    plain = replace(config, augmentation=AugmentationSettings(), standard=False)
    run_few_shot(plain, DATA, tmp_path / "plain", QUIET)
    losses = [json.loads((tmp_path / name / "metrics.jsonl").read_text())["loss"] for name in ("run", "plain")]
    assert losses[0] != losses[1]


def test_a_run_counts_its_classes_with_and_without_turned_ones(tmp_path: Path) -> None:
    plain = run_few_shot(CONFIG_OF_RUNS, DATA, tmp_path / "plain", QUIET)
    every = {"train": 7, "val": 7, "test": 7}
    assert (plain["classes_with_turned"], plain["classes_without_turned"]) == (every, every)
    assert classes_line(plain) == "classes: 7 in train; 7 in val; 7 in test"
    turned = run_few_shot(augmented("maxup:rotation:task,none"), DATA, tmp_path / "turned", QUIET)
    assert (turned["classes_with_turned"], turned["classes_without_turned"]) == (every | {"train": 28}, every)
    assert "(classes: 7 in train, 28 with turned ones; 7 in val;" in accuracy_table(turned).note


def test_turned_classes_of_the_data_are_counted_and_do_not_turn_again(tmp_path: Path) -> None:
    turns = (0, 1, 2, 3, 0, 1, 0)
    data = FewShotData("turned", {name: replace(split, turns=turns) for name, split in DATA.splits.items()})
    record = run_few_shot(CONFIG_OF_RUNS, data, tmp_path / "run", QUIET)
    assert record["classes_with_turned"] == {"train": 7, "val": 7, "test": 7}
    assert record["classes_without_turned"] == {"train": 3, "val": 3, "test": 3}
    test = EpisodeTest(way=3, shots=(1,), query=2, episodes=4)
    (evaluated,) = evaluate_run(load_run(tmp_path / "run"), data, test, None, QUIET)
    assert (evaluated["classes"], evaluated["classes_without_turned"]) == (7, 3)
    assert "; 3 classes, 7 with turned ones" in episodes_line(evaluated)
    row = domain_table([evaluated | {"image_shape": [3, 16, 16]}]).rows[0]
    assert row[4] == "3 + 4 turned"
    with pytest.raises(ValueError, match="augmentation rotation:task turns classes, but the classes to train on have"):
        run_few_shot(augmented("maxup:single"), data, tmp_path / "again", QUIET)
    assert not (tmp_path / "again").exists()


def test_a_run_from_before_augmentation_is_loaded_and_resumed(tmp_path: Path) -> None:
    record = run_few_shot(CONFIG_OF_RUNS, DATA, tmp_path, QUIET)
    stored = json.loads((tmp_path / CONFIG).read_text())
    assert {name: stored.pop(name) for name in ADDED} == dict(ADDED)
    (tmp_path / CONFIG).write_text(json.dumps(stored))
    assert load_run(tmp_path).config == CONFIG_OF_RUNS
    assert run_few_shot(CONFIG_OF_RUNS, DATA, tmp_path, QUIET, resume=True) == record
    with pytest.raises(ValueError, match="holds a run of other settings: augmentation"):
        run_few_shot(augmented("cutmix:query"), DATA, tmp_path, QUIET, resume=True)


@pytest.mark.parametrize(
    ("augment", "changes", "message"),
    [
        ("cutmix:query", {"learner": "classical"}, "augmentation is of episodes, which the classical learner does not"),
        ("none", {"learner": "maml", "standard": True}, "standard is for learners with a head on features, not maml"),
        ("maxup:single", {"learner": "maml"}, "Meta-MaxUp is for learners with a head on features"),
        ("feature-mixup:query", {"learner": "fomaml"}, "mixes features, which the learner adapts"),
        ("cutmix:query", {"learner": "reptile"}, "cutmix:query changes queries, which the learner does not train on"),
        ("solarize:query+rotation:task", {"learner": "reptile"}, "solarize:query changes queries, which the learner"),
        ("combining-labels:task", {"way": 4}, "needs 8 classes for 4 ways; 7 are there to train on"),
    ],
)
def test_what_does_not_go_together_is_refused_before_anything_is_written(
    augment: str, changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        run_few_shot(augmented(augment, **changes), DATA, tmp_path / "run", QUIET)
    assert not (tmp_path / "run").exists()
