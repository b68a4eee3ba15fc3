"""Trainings that would not fit the memory are refused before anything is written."""

from pathlib import Path
from typing import Any

import pytest
from torch import nn

from models import memory
from models.backbones.encoder import EncoderOptions
from models.backbones.encoders import ENCODERS, build_encoder
from models.fewshot.augmentation.build import build_augmentation
from models.fewshot.augmentation.settings import AugmentationSettings
from models.fewshot.capacity import check_augmented_capacity, check_capacity
from models.fewshot.class_images import FewShotData
from models.fewshot.config import FewShotConfig
from models.fewshot.procedural import procedural
from models.fewshot.run import run_few_shot
from models.progress import Progress
from tests.support.augmentation import PIXELS
from tests.support.fewshot import random_classes

NETWORK = nn.Linear(999, 1)  # 1,000 weights
SHAPE = (3, 32, 32)


@pytest.mark.parametrize("width", [10**6, 10**30])
@pytest.mark.parametrize("name", ENCODERS)
def test_absurd_widths_are_refused(name: str, width: int) -> None:
    with pytest.raises(ValueError, match=f"network {name} of width {width} needs .* memory to train; this machine has"):
        build_encoder(name, EncoderOptions(image_shape=SHAPE, width=width))


def test_nothing_is_written_by_a_training_that_does_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "memory_bytes", lambda: 1 << 24)
    splits = {name: random_classes(name, (8,) * 5, size=16) for name in ("train", "test")}
    config = FewShotConfig(encoder="4x32", tasks=1000)
    with Progress(quiet=True) as progress, pytest.raises(ValueError, match="a batch of 35000 images of 16 x 16 pixels"):
        run_few_shot(config, FewShotData("random images", splits), tmp_path / "run", progress)
    assert not list(tmp_path.iterdir())


def check_at(available: int, config: FewShotConfig, shape: tuple[int, int, int] = SHAPE) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, "memory_bytes", lambda: available)
        check_capacity(config, NETWORK, shape)


@pytest.mark.parametrize(
    ("settings", "needed"),
    [
        ({"learner": "maml", "inner_steps": 500, "way_through_tasks": "loop"}, 4000 * 1000),
        ({"learner": "maml", "inner_steps": 500, "way_through_tasks": "vmap"}, 4000 * 1000 * 4),
        ({"learner": "maml", "inner_steps": 500, "chunk": 2}, 4000 * 1000 * 2),
        ({"learner": "maml", "inner_steps": 500, "chunk": 9}, 4000 * 1000 * 4),
        ({"learner": "fomaml", "inner_steps": 500, "width": 8}, 4000 * 2 * 4),
        ({"learner": "reptile", "way_through_tasks": "loop"}, 4000 * 3),
        ({"learner": "reptile", "way_through_tasks": "loop", "weight_clustering": 0.1}, 4000 * 3 * 4),
    ],
)
def test_adapted_weights_count_by_task_and_step(settings: dict[str, Any], needed: int) -> None:
    config = FewShotConfig(**settings, tasks=4, way=2, query=1)
    tiny = (1, 1, 1)
    check_at(needed, config, tiny)
    with pytest.raises(ValueError, match=rf"{config.learner} with the weights of \d tasks? at once .* memory to train"):
        check_at(needed - 1, config, tiny)


def test_images_of_a_batch_count() -> None:
    config = FewShotConfig(tasks=4, way=5, shot=1, query=6)
    check_at(4 * 4 * 35 * 3072, config)
    with pytest.raises(
        ValueError, match=r"a batch of 140 images of 32 x 32 pixels \(tasks is 4, way 5, shot 1, query 6"
    ):
        check_at(4 * 4 * 35 * 3072 - 1, config)


@pytest.mark.parametrize(
    ("augmentation", "images"),
    [
        ({"augment": "cutmix:query"}, 4 * 5 * (2 + 6)),
        ({"augment": "mixup:task"}, 4 * 5 * 2 * (2 + 6)),
        ({"augment": "crop:shot+flip:shot", "copies": 100}, 4 * 5 * (200 * 2 + 6)),
        ({"augment": "maxup:medium", "m": 1000}, 4 * 5 * (2 + 6)),
        ({"augment": "maxup:flip:shot,cutmix:query", "m": 1000, "select": "slot"}, 4 * 5 * 1000 * (2 * 2 + 6)),
    ],
)
def test_images_count_after_augmentation(augmentation: dict[str, Any], images: int) -> None:
    settings = AugmentationSettings(**augmentation)
    config = FewShotConfig(tasks=4, way=5, shot=2, query=6, augmentation=settings)
    pool = build_augmentation(settings, PIXELS, 4, 0).draws.pool
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, "memory_bytes", lambda: 4 * images * 3072)
        check_augmented_capacity(config, pool, SHAPE)
        patch.setattr(memory, "memory_bytes", lambda: 4 * images * 3072 - 1)
        with pytest.raises(
            ValueError, match=rf"a batch of {images} images .* query 6, copies .*, m .*, select .* needs"
        ):
            check_augmented_capacity(config, pool, SHAPE)


def test_a_procedural_set_that_does_not_fit_is_not_begun() -> None:
    with pytest.raises(
        ValueError, match=r"set with 1000000000 images in each class needs 3\.07e\+05 GB of memory to be"
    ):
        procedural(images=10**9)
