"""The sizes at which the networks of chapter 4 are trained and measured."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from models.attention.backbones.architectures import ARCHITECTURES
from models.attention.training.config import LsaConfig
from models.attention.training.settings import TaskName
from models.attention.training.sources import DatasetName


@dataclass(frozen=True, kw_only=True)
class TaskScale:
    """Data of a task and the length of its training.

    settings: of every run. lengths: of runs by the published ones; those that are missing stay. images: training
    images, size: of images in pixels; as in LsaSource. held_out: images to measure on; monitored: those of them that
    validation after each epoch takes; None for all.
    """

    dataset: DatasetName
    settings: Mapping[str, Any]
    lengths: Mapping[int, int] = field(default_factory=dict)
    images: int | None = None
    size: int | None = None
    held_out: int | None = None
    monitored: int | None = None


@dataclass(frozen=True, kw_only=True)
class Scale:
    """The size of networks, of their data and of their training.

    tasks: by name. architectures: backbones that are trained; rows of others show what was published. rounds: of the
    latencies of a table; 0 for none. mixed_precision: of training. Segmenters and detectors start from the classifier
    of the same network and seed (4.4.1).
    """

    name: str
    tasks: Mapping[TaskName, TaskScale]
    architectures: tuple[str, ...] = ("s12",)
    rounds: int = 5
    mixed_precision: Literal["no", "fp16", "bf16"] = "no"

    @property
    def has_published_data(self) -> bool:
        """Whether all data sets are the text's."""
        return {one.dataset for one in self.tasks.values()} == {"imagenet", "ade20k", "coco"}

    def configured(self, network: Mapping[str, Any], task: TaskName, seed: int) -> LsaConfig:
        """The run of a network, given by its settings with the published length."""
        settings = {**network, **self.tasks[task].settings, "length": self.length(network["length"], task)}
        return LsaConfig(task=task, seed=seed, **settings)

    def length(self, published: int, task: TaskName = "classify") -> int:
        """The length of runs that stands for a published one."""
        return self.tasks[task].lengths.get(published, published)


_TINY_TOKENS = {196: 64, 98: 32, 49: 16, 28: 8, 14: 4, 7: 2}
"""Stage 3 has 8 x 8 tokens of a picture of 32 pixels at stride 4, where it has 14 x 14 of 224."""

_NARROW = {"width": 0.25, "layer_scale": 0.0, "learning_rate": 1e-3, "flip": True}

ATTENTION_SCALES = {
    "small": Scale(
        name="small",
        tasks={
            "classify": TaskScale(
                dataset="cifar10",
                settings={**_NARROW, "stem_stride": 1, "epochs": 4, "batch_size": 64, "shift": 4, "warmup": 30},
                lengths=_TINY_TOKENS,
                images=10_000,
                size=32,
                held_out=5000,
                monitored=500,
            ),
            "segment": TaskScale(
                dataset="shapes",
                settings={**_NARROW, "stem_stride": 2, "epochs": 3, "batch_size": 8},
                lengths=_TINY_TOKENS,
                images=1000,
                size=128,
                held_out=200,
                monitored=20,
            ),
            "detect": TaskScale(
                dataset="shapes",
                settings={**_NARROW, "stem_stride": 4, "epochs": 2, "batch_size": 4, "warmup": 30},
                lengths={49: 4},
                images=600,
                size=128,
                held_out=100,
                monitored=4,
            ),
        },
    ),
    "paper": Scale(
        name="paper",
        tasks={
            "classify": TaskScale(
                dataset="imagenet",
                settings={
                    "epochs": 300,
                    "batch_size": 1024,
                    "learning_rate": 1e-3,
                    "weight_decay": 0.05,
                    "warmup": 3,
                    "flip": True,
                    "rand_augment": 2,
                    "mixup": 0.5,
                    "cutmix": 0.5,
                    "erasing": 0.25,
                    "drop_path": 0.1,
                },
                size=224,
            ),
            "segment": TaskScale(
                dataset="ade20k",
                settings={"steps": 40_000, "batch_size": 32, "learning_rate": 1e-4, "weight_decay": 1e-4, "flip": True},
                size=512,
            ),
            "detect": TaskScale(
                dataset="coco",
                settings={
                    "epochs": 12,
                    "batch_size": 16,
                    "learning_rate": 1e-4,
                    "weight_decay": 0.05,
                    "warmup": 1000,
                    "flip": True,
                },
                size=800,
            ),
        },
        architectures=tuple(ARCHITECTURES),
        mixed_precision="bf16",
    ),
}
"""The scales by name.

`small`: chosen by time alone; a layer scale of 1e-5 would take more steps to grow than there are. In stage 3, square
scenes have 16 runs. `paper`: 4.4.1 and 4.6.3; strengths of augmentation, and batches of segmentation and detection,
are usual ones, since the text leaves them open.
"""
