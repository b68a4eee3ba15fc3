"""Runs of augmented training: what they train, what they refuse, and runs from before there was augmentation."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.fewshot.augmentation.settings import AugmentationSettings
from models.fewshot.class_images import FewShotData
from models.fewshot.config import ADDED, FewShotConfig
from models.fewshot.run import load_run, run_few_shot
from models.progress import Progress
from models.training.run import CONFIG
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
