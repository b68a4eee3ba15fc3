"""Runs that learn to segment."""

import dataclasses
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from models.attention.training.config import LsaConfig
from models.attention.training.run import load_run, run_lsa
from models.attention.training.scenes import read_scenes
from models.attention.training.segment import Segmentation
from models.attention.training.sources import LsaSource
from models.data.labelled.pictures import SegmentationData
from models.data.scenes.scene_set import SceneSet
from models.progress import Progress
from models.training.loop import run_stage
from models.training.processes import process_count
from models.training.stage import Stage
from tests.support.processes import declare_to_accelerate, in_processes

CONFIG = LsaConfig(
    task="segment", width=0.125, length=16, head_dim=8, layer_scale=0, batch_size=4, steps=3, learning_rate=3e-3
)


@pytest.fixture(autouse=True)
def _fresh_state() -> None:
    AcceleratorState._reset_state(reset_partial_state=True)


def scenes(images: int, held_out: int = 2) -> SegmentationData:
    data = read_scenes(LsaSource(images=images, size=48), seed=0)
    return dataclasses.replace(data, test=SceneSet(held_out, 48, held_out=True))


def test_a_run_is_read_again(tmp_path: Path) -> None:
    with Progress(quiet=True) as progress:
        record = run_lsa(CONFIG, scenes(8), tmp_path, progress)
    assert 0 <= record["last_epoch"]["mean_iou"] <= 1
    network = load_run(tmp_path).network
    assert network(torch.randn(1, 3, 37, 50)).shape == (1, 7, 37, 50)


def second_gradients() -> dict[str, torch.Tensor]:
    """Gradients of the second of two steps, of ten crops in two batches and of four in a third."""
    declare_to_accelerate()
    settings = dataclasses.replace(CONFIG, batch_size=5, steps=2, accumulate=2, learning_rate=1e-4, clip_norm=1.0)
    training = Segmentation(settings, scenes(14), process_count())
    with TemporaryDirectory() as folder, Progress(quiet=True) as progress:
        files = {name: Path(folder) / f"{name}.pt" for name in ("checkpoint", "metrics")}
        stage = Stage(name="segment", settings={}, steps=2, accumulate=2, clip_norm=1.0, **files)
        run_stage(stage, training, Accelerator(cpu=True), progress)
    return {name: one.grad.clone() for name, one in training.network.named_parameters() if one.grad is not None}


def test_two_processes_learn_what_one_does() -> None:
    """With crops of which other parts count, and batches that processes share unequally."""
    whole = second_gradients()
    largest = max(float(one.abs().max()) for one in whole.values())
    for gradients in in_processes(2, second_gradients):
        torch.testing.assert_close(gradients, whole, rtol=1e-3, atol=1e-4 * largest)


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
