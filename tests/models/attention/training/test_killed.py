"""Runs of every task that SIGKILL ends again and again: within an epoch, in evaluation, while files are written."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from accelerate.state import AcceleratorState

from models.attention.detection.pictures import Scenes
from models.attention.training.config import LsaConfig
from models.attention.training.run import run_lsa
from models.attention.training.sources import LsaSource
from models.attention.training.tasks import TASKS
from models.data.scenes.scene_set import SceneSet
from models.progress import Progress
from tests.support.killing import killed_at
from tests.support.packages import need_torchvision

CLASSES = {
    "classify": "models.attention.training.classify:Classification",
    "segment": "models.attention.training.segment:Segmentation",
    "detect": "models.attention.training.detect:Detection",
}
SETTINGS: dict[str, Any] = {"width": 1 / 16, "length": 4, "stem_stride": 4, "average": 0.9, "drop_path": 0.1}
SIZE, IMAGES = 32, 5


@pytest.fixture(autouse=True)
def _fresh_state() -> None:
    AcceleratorState._reset_state(reset_partial_state=True)


def data_of(task: str) -> Any:
    """A task's data, with two scenes to hold out."""
    data = TASKS[task].read(LsaSource(images=IMAGES, size=SIZE, workers=0), 0)
    if task == "segment":
        return replace(data, test=SceneSet(2, SIZE, held_out=True))
    return replace(data, held_out=Scenes(SceneSet(2, SIZE, held_out=True))) if task == "detect" else data


def train(task: Any, folder: Path, resume: bool) -> None:
    """Two epochs of two batches; the fifth picture is left over. Each step is saved."""
    config = LsaConfig(**SETTINGS, task=task, batch_size=2, epochs=2, checkpoint_steps=1)
    data = data_of(task)
    with Progress(quiet=True) as progress:
        run_lsa(config, data, folder, progress, resume=resume)


@pytest.mark.parametrize("task", ["classify", "segment", "detect"])
def test_a_run_that_is_killed_again_and_again_ends_as_an_unbroken_one(task: str, tmp_path: Path) -> None:
    if task == "detect":
        need_torchvision()
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    train(task, whole, False)
    killed_at(CLASSES[task], "step", 2, train, task, killed, False)
    killed_at(CLASSES[task], "validate", 1, train, task, killed, True)
    killed_at("os", "replace", 3, train, task, killed, True)
    killed_at("models.training.run:RunFolder", "finish", 1, train, task, killed, True)
    AcceleratorState._reset_state(reset_partial_state=True)
    train(task, killed, True)
    for name in ("model.safetensors", "metrics.jsonl", "result.json"):
        assert (killed / name).read_bytes() == (whole / name).read_bytes()
