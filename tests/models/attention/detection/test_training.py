"""Runs of `train lsa --task detect`: resumed ones, data in COCO's layout, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from models.attention.training.config import LsaConfig
from models.attention.training.objects import read_objects
from models.attention.training.run import load_run, run_lsa
from models.attention.training.sources import LsaSource
from models.attention.training.tasks import task_of
from models.data.scenes.coco_files import write_coco
from models.data.scenes.scene_set import SceneSet
from models.progress import Progress
from tests.support.packages import need_torchvision

SIZE = 48


def config(**changes: Any) -> LsaConfig:
    settings: dict[str, Any] = {"task": "detect", "width": 1 / 16, "length": 4, "batch_size": 2, "stem_stride": 4}
    return LsaConfig(**{**settings, "epochs": 2, "checkpoint_steps": 1, "flip": True, **changes})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four scenes to train on and two to hold out, in COCO's layout."""
    return write_coco(tmp_path / "coco", SceneSet(4, SIZE), SceneSet(2, SIZE, held_out=True), lambda: None)


def coco(folder: Path) -> LsaSource:
    return LsaSource(dataset="coco", data=folder, size=SIZE, workers=0)


def trained(settings: LsaConfig, data: Any, out: Path, *, resume: bool = False) -> dict[str, Any]:
    with Progress(quiet=True) as progress:
        return run_lsa(settings, data, out, progress, resume=resume)


def test_a_run_that_broke_off_ends_as_an_unbroken_one(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_torchvision()
    settings, data = config(average=0.9), read_objects(coco(folder), 0)
    whole = trained(settings, data, tmp_path / "whole")
    from models.attention.training.detect import Detection

    step = Detection.step
    calls = iter(range(100))

    def breaking(self: Detection, models: Any, batch: Any) -> Any:
        if next(calls) == 3:
            raise KeyboardInterrupt
        return step(self, models, batch)

    monkeypatch.setattr(Detection, "step", breaking)
    with pytest.raises(KeyboardInterrupt):
        trained(settings, data, tmp_path / "broken")
    resumed = trained(settings, data, tmp_path / "broken", resume=True)
    assert resumed == whole
    first, second = (load_run(tmp_path / name) for name in ("whole", "broken"))
    pairs = zip(first.network.state_dict().values(), second.network.state_dict().values(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)
    figures = task_of(settings).figures(first.network, data)
    assert {name: whole["last_epoch"][name] for name in figures} == pytest.approx(figures)


def test_written_scenes_are_those_that_are_drawn(folder: Path) -> None:
    drawn = read_objects(LsaSource(images=4, size=SIZE, workers=0), 0)
    written = read_objects(coco(folder), 0)
    assert written.classes == drawn.classes
    for number in range(4):
        (pixels, objects), (expected, others) = written.train[number], drawn.train[number]
        assert torch.equal(pixels, expected)
        for name in ("labels", "boxes", "masks", "areas", "crowds"):
            assert torch.equal(getattr(objects, name), getattr(others, name))


def test_mirrored_objects_lie_where_their_masks_do() -> None:
    data = read_objects(LsaSource(images=8, size=SIZE, workers=0), 0)
    _, objects = next(one for one in (data.train[number] for number in range(8)) if len(one[1].labels))
    turned = objects.mirrored()
    for mask, box in zip(turned.masks, turned.boxes.int().tolist(), strict=True):
        columns = mask.any(0).nonzero()[:, 0]
        assert (int(columns[0]), int(columns[-1]) + 1) == (box[0], box[2])


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"dataset": "coco"}, "needs --data"),
        ({"dataset": "cifar10"}, "the task detect allows shapes, coco"),
        ({"data": Path("here")}, "the shapes need none"),
        ({"dataset": "coco", "data": Path("missing")}, "missing: no such folder"),
        ({"size": 0}, "size is 0"),
    ],
)
def test_options_that_do_not_fit_are_refused(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        read_objects(LsaSource(workers=0, **changes), 0)


def test_batches_of_one_picture_are_refused_before_anything_is_written(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="batch norm needs 2 images in each process's batch"):
        trained(config(batch_size=1), read_objects(coco(folder), 0), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_picture_of_another_size_is_named(folder: Path) -> None:
    path = folder / "annotations" / "instances_train.json"
    listed = json.loads(path.read_text(encoding="utf-8"))
    listed["images"][0]["height"] = SIZE + 1
    listed["annotations"] = []
    path.write_text(json.dumps(listed), encoding="utf-8")
    data = read_objects(coco(folder), 0)
    with pytest.raises(ValueError, match=rf"000000\.png has 48 x 48 pixels; it is listed with 48 x {SIZE + 1}"):
        data.train[0]
