"""What networks learn from a few scenes: the scenes themselves, pixel by pixel and object by object."""

from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate.state import AcceleratorState

from models.attention.detection.pictures import scene_source
from models.attention.training.config import LsaConfig
from models.attention.training.run import load_run, run_lsa
from models.attention.training.segment import segmentation_figures
from models.data.labelled.crops import IGNORED
from models.data.labelled.pictures import SegmentationData
from models.data.scenes.scene import CLASSES
from models.data.scenes.scene_set import SceneSet
from models.progress import Progress
from tests.support.packages import need_torchvision

SIZE = 64
SETTINGS: dict[str, Any] = {
    "width": 0.125,
    "length": 16,
    "layer_scale": 0,
    "stem_stride": 2,
    "learning_rate": 1e-3,
    "schedule": "cosine",
    "warmup": 20,
    "clip_norm": 1.0,
}


@pytest.fixture(autouse=True)
def _fresh_state() -> None:
    AcceleratorState._reset_state(reset_partial_state=True)


def trained(folder: Path, data: Any, **changed: Any) -> dict[str, Any]:
    with Progress(quiet=True) as progress:
        figures: dict[str, Any] = run_lsa(LsaConfig(**SETTINGS | changed), data, folder, progress)["last_epoch"]
    return figures


def constant_iou(scenes: SceneSet) -> float:
    """The mean IoU of the best network that gives all pixels one class."""
    labels = torch.cat([scenes.pair(index)[1].flatten() for index in range(len(scenes))])
    shares = labels[labels != IGNORED].bincount(minlength=len(CLASSES)) / (labels != IGNORED).sum()
    return float(shares.max()) / int((shares > 0).sum())


@pytest.mark.slow
def test_classes_of_pixels_are_learnt(tmp_path: Path) -> None:
    scenes = SceneSet(8, SIZE)
    data = SegmentationData("shapes", CLASSES, scenes, scenes, size=SIZE)
    trained(tmp_path, data, task="segment", batch_size=8, steps=150)
    figures = segmentation_figures(load_run(tmp_path).network, data)
    assert constant_iou(scenes) < 0.2
    assert figures["mean_iou"] > 0.5


@pytest.mark.slow
def test_boxes_and_masks_of_objects_are_learnt(tmp_path: Path) -> None:
    need_torchvision()
    scenes = SceneSet(6, SIZE)
    figures = trained(tmp_path, scene_source(scenes, scenes, 0), task="detect", batch_size=3, steps=120)
    assert figures["box_AP50"] > 0.8
    assert figures["mask_AP50"] > 0.5
