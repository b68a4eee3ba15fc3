"""Runs on pools of data, on training and validation classes together, and runs from before there were any."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from models.fewshot.augmentation.settings import AugmentationSettings
from models.fewshot.class_images import FewShotData
from models.fewshot.config import FewShotConfig
from models.fewshot.pools.classes import training_data
from models.fewshot.pools.settings import PoolSettings
from models.fewshot.run import load_run, run_few_shot
from models.progress import Progress
from tests.support.fewshot import random_classes

QUIET = Progress(quiet=True)
CONFIG = FewShotConfig(
    learner="ridge", encoder="4x32", width=2, way=3, query=2, tasks=2, batches=2, epochs=1, test_episodes=2
)
CONFIG = replace(CONFIG, validation_episodes=2, inner_steps=1, fine_tuning_steps=1, way_through_tasks="loop")
DATA = FewShotData("few", {name: random_classes(name, (8,) * 7, size=16) for name in ("train", "val", "test")})


def pooled(changes: dict[str, Any] | None = None, **pools: Any) -> FewShotConfig:
    return replace(CONFIG, pools=PoolSettings(**pools), **changes or {})


@pytest.mark.parametrize(
    ("pools", "changes"),
    [
        ({"support_pool": 3}, {}),
        ({"support_pool": 3, "support_noise": True}, {"learner": "prototype"}),
        ({"query_pool": 2}, {"augmentation": AugmentationSettings(augment="cutmix:query+rotation:task")}),
        ({"task_pool": 3}, {"learner": "maml"}),
    ],
)
def test_a_run_on_pools_trains_on_other_episodes_and_is_loaded(
    pools: dict[str, Any], changes: dict[str, Any], tmp_path: Path
) -> None:
    config = pooled(changes, **pools)
    run_few_shot(config, DATA, tmp_path / "run", QUIET)
    assert load_run(tmp_path / "run").config == config
    run_few_shot(replace(config, pools=PoolSettings()), DATA, tmp_path / "plain", QUIET)
    losses = [json.loads((tmp_path / name / "metrics.jsonl").read_text())["loss"] for name in ("run", "plain")]
    assert losses[0] != losses[1]
    assert (tmp_path / "run" / "tasks.json").exists() == ("task_pool" in pools)


def test_the_run_keeps_the_list_of_its_tasks(tmp_path: Path) -> None:
    run_few_shot(pooled(task_pool=3), DATA, tmp_path, QUIET)
    tasks = json.loads((tmp_path / "tasks.json").read_text(encoding="utf-8"))["tasks"]
    assert [len(set(task)) for task in tasks] == [3, 3, 3]
    assert {name for task in tasks for name in task} == set(DATA.split("train").names)


def test_training_and_validation_classes_together(tmp_path: Path) -> None:
    joined = training_data(DATA, "train+val")
    assert set(joined.splits) == {"train", "test"}
    for split in ("train", "val"):
        assert set(DATA.split(split).class_digests) < set(joined.split("train").class_digests)
    assert joined.mean != DATA.mean
    run_few_shot(pooled({"validation_episodes": 0}, train_on="train+val"), DATA, tmp_path, QUIET)
    run = load_run(tmp_path)
    assert run.mean == joined.mean
    for split in ("train", "val"):
        with pytest.raises(ValueError, match=f"was trained on 7 of the 7 classes in {split} of few"):
            run.check(DATA, split, allow_seen=False)
    assert run.check(DATA, "test", allow_seen=False) == 0


@pytest.mark.parametrize(
    ("changes", "pools", "message"),
    [
        ({"learner": "classical"}, {"support_pool": 3}, "of episodes, which the classical learner does not train on"),
        ({}, {"train_on": "train+val"}, "leaves no classes to choose an epoch by; validation_episodes is 2, allowed"),
        ({"learner": "reptile"}, {"query_pool": 3}, "query_pool is of queries, which the learner reptile does not"),
        ({}, {"query_pool": 1}, "query_pool is 1; 2 queries of each class need at least 2"),
        ({}, {"task_pool": 2}, "task_pool is 2; 7 classes to train on need at least 3 tasks of 3"),
        ({}, {"support_pool": 9}, "take 9 images of each class; class train0 has 8"),
    ],
)
def test_what_does_not_go_together_is_refused_before_anything_is_written(
    changes: dict[str, Any], pools: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        run_few_shot(pooled(changes, **pools), DATA, tmp_path / "run", QUIET)
    assert not (tmp_path / "run").exists()


def test_settings_survive_a_record() -> None:
    config = pooled({"validation_episodes": 0, "snapshots": 1}, train_on="train+val", task_pool=5)
    assert FewShotConfig.from_record(asdict(config)) == config
