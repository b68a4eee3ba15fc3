"""Training steps without augmentation, with the chapter's augmentations, and with Meta-MaxUp."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from models.fewshot.augmentation.settings import AugmentationSettings
from models.fewshot.class_images import FewShotData
from models.fewshot.config import FewShotConfig
from models.fewshot.settings import EncoderName
from reports.bench.memory import peak_memory
from reports.fewshot.benches.bench_data import bench_data
from reports.fewshot.training_step import TrainingSteps, train

BASELINE, DA = "baseline", "+ DA"

_IMAGES = 20  # of each class


@dataclass(frozen=True, kw_only=True)
class StepSetting:
    """A training of R2-D2. side: of its images, in pixels. m: candidates of Meta-MaxUp. width: None for its own."""

    encoder: EncoderName = "cnn4"
    width: int | None = None
    side: int = 32
    tasks: int = 8
    shots: int = 5
    queries: int = 6
    m: int = 4
    seed: int = 0

    @property
    def data(self) -> FewShotData:
        """The images to train on."""
        return bench_data(self.side, max(_IMAGES, self.shots + self.queries), self.seed)

    @property
    def augmentations(self) -> Mapping[str, AugmentationSettings]:
        """What a step is measured with, by name."""
        found = {BASELINE: AugmentationSettings(), DA: AugmentationSettings(augment="cutmix:query+rotation:task")}
        for pool in ("cutmix", "medium"):
            found[f"+ MM, {pool}, task"] = AugmentationSettings(augment=f"maxup:{pool}", m=self.m)
        slot = AugmentationSettings(augment="maxup:medium", m=self.m, select="slot")
        return found | {"+ MM, medium, slot": slot}

    def config(self, name: str) -> FewShotConfig:
        """The training with an augmentation by name."""
        return FewShotConfig(
            learner="ridge",
            encoder=self.encoder,
            width=self.width,
            shot=self.shots,
            query=self.queries,
            tasks=self.tasks,
            seed=self.seed,
            augmentation=self.augmentations[name],
        )


def step_peak(setting: StepSetting, name: str, device: torch.device) -> int:
    """Most bytes that a step with an augmentation takes at a time, besides network and data set."""
    step = TrainingSteps(setting.config(name), setting.data.to(device))
    first = next(step.batches)  # which is kept, since what existed before the measurement must not end within
    train(step.method, first)  # the optimizer's moments stay from here on
    with peak_memory(device) as peak:
        step()
    return peak[0]
