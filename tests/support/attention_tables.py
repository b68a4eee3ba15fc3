"""Chapter 4's networks at a size for tests, and made-up records of them."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.attention.training.settings import TaskName
from models.data.images import ImageData, Split
from models.progress import Progress
from reports.attention.networks.experiments import Records, Study, measure_networks
from reports.attention.networks.names import NETWORKS, RUN_WITH, parts_of
from reports.attention.networks.scales import Scale, TaskScale
from reports.attention.networks.sets import TaskData, read_sets
from reports.claims.rightness import packed

TEST_IMAGES = 20
_NARROW: dict[str, Any] = {"width": 0.0625, "layer_scale": 0.0, "stem_stride": 2, "batch_size": 8, "epochs": 1}
_LENGTHS = {196: 64, 98: 32, 49: 16, 28: 8, 14: 4, 7: 2}

TINY = Scale(
    name="tiny",
    tasks={
        "classify": TaskScale(dataset="cifar10", settings=_NARROW, lengths=_LENGTHS, held_out=TEST_IMAGES, monitored=2),
        "segment": TaskScale(
            dataset="shapes", settings=_NARROW, lengths=_LENGTHS, images=8, size=24, held_out=2, monitored=1
        ),
        "detect": TaskScale(
            dataset="shapes", settings=_NARROW, lengths=_LENGTHS, images=8, size=24, held_out=2, monitored=1
        ),
    },
    rounds=0,
)


def noise(images: int = 16, side: int = 16) -> ImageData:
    """Random images of ten classes."""
    pixels = torch.randint(
        0, 256, (images, 3, side, side), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    split = Split(pixels, torch.arange(images) % 10)
    test = Split(pixels.roll(1, 0)[:TEST_IMAGES], split.labels[:TEST_IMAGES])
    return ImageData("noise", split, test, tuple("0123456789"), (127.0,) * 3, (70.0,) * 3)


def study(*tasks: TaskName) -> Study:
    """The tasks' data: noise to classify, scenes for the others."""
    images = noise(max(16, TEST_IMAGES))
    return Study({"classify": TaskData(images, images), **read_sets(None, TINY, tasks)}, TINY)


def measured(names: list[str], out: Path) -> Records:
    """The records of networks that classify or segment, at the size for tests, seed 0."""
    with Progress(quiet=True) as progress:
        return measure_networks(names, study("segment"), [0], out, progress)


def made_up_networks(names: list[str], seeds: tuple[int, ...] = (0, 1)) -> Records:
    """Records of the form of measured ones, with random figures."""
    draws = np.random.default_rng(0)

    def record(name: str, seed: int) -> dict[str, Any]:
        network, task = parts_of(name)
        run = {
            "task": task,
            "seed": seed,
            "steps": 2,
            "data": "noise",
            "data_digest": "0" * 16,
            "train_images": 16,
            "image_shape": [3, 16, 16],
        }
        if task != "classify":
            figures = ("mean_iou", "pixel_accuracy") if task == "segment" else ("box_AP", "mask_AP")
            return {"run": run, "figures": {figure: draws.random() for figure in figures}}
        lengths = [TINY.length(one) for one in RUN_WITH.get(network, (NETWORKS[network]["length"],))]
        right = {str(one): packed(torch.from_numpy(draws.random(TEST_IMAGES) < draws.random())) for one in lengths}
        return {"run": run, "test_images": TEST_IMAGES, "right": right}

    return {name: {seed: record(name, seed) for seed in seeds} for name in names}
