"""Runs that learn to segment."""

import dataclasses
from pathlib import Path

import pytest
import torch

from models.attention.training.config import LsaConfig
from models.attention.training.run import load_run, run_lsa
from models.attention.training.scenes import read_scenes
from models.attention.training.sources import LsaSource
from models.data.labelled.pictures import SegmentationData
from models.data.scenes.scene_set import SceneSet
from models.progress import Progress

CONFIG = LsaConfig(
    task="segment", width=0.125, length=16, head_dim=8, layer_scale=0, batch_size=4, steps=3, learning_rate=3e-3
)


def scenes(images: int, held_out: int = 2) -> SegmentationData:
    data = read_scenes(LsaSource(images=images, size=48), seed=0)
    return dataclasses.replace(data, test=SceneSet(held_out, 48, held_out=True))


def test_a_run_is_read_again(tmp_path: Path) -> None:
    with Progress(quiet=True) as progress:
        record = run_lsa(CONFIG, scenes(8), tmp_path, progress)
    assert 0 <= record["last_epoch"]["mean_iou"] <= 1
    network = load_run(tmp_path).network
    assert network(torch.randn(1, 3, 37, 50)).shape == (1, 7, 37, 50)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (LsaSource(dataset="coco"), "the task segment allows shapes, ade20k"),
        (LsaSource(dataset="ade20k"), "--dataset ade20k needs --data"),
        (LsaSource(data=Path("somewhere")), "the shapes need none"),
        (LsaSource(images=0), "number of scenes is 0"),
        (LsaSource(size=9), "size of scenes is 9"),
    ],
)
def test_impossible_sources_are_refused(source: LsaSource, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_scenes(source, 0)
