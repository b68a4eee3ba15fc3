"""Training steps without augmentation, with the chapter's augmentations, and with Meta-MaxUp."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count

import torch

from models.fewshot.augmentation.settings import AugmentationSettings
from models.fewshot.class_images import FewShotData
from models.fewshot.config import FewShotConfig
from models.fewshot.learners import build_method, build_network
from models.fewshot.settings import EncoderName
from models.training.method import Batch, Loss, Method
from reports.bench.memory import peak_memory
from reports.fewshot.benches.bench_data import bench_data

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


class TrainingSteps:
    """A training; each call takes one step, on the next batch."""

    def __init__(self, setting: StepSetting, name: str, data: FewShotData) -> None:
        config = setting.config(name)
        network = build_network(config, data.shape).to(data.split("train").images.device)
        self.method = build_method(config, network, data, None)
        for model in self.method.models.values():
            model.train()
        self.batches = _endless(self.method)

    def __call__(self) -> None:
        self.train_on(next(self.batches))

    def train_on(self, batch: Batch) -> None:
        """Takes a step on a batch."""
        found = self.method.step(self.method.models, batch)
        assert isinstance(found, Loss)
        found.loss.backward()  # type: ignore[no-untyped-call]
        for scheduled in self.method.optimizers.values():
            scheduled.optimizer.step()
            scheduled.optimizer.zero_grad()

    @torch.no_grad()
    def forward(self) -> None:
        """The forward pass of a step, without gradient."""
        self.method.step(self.method.models, next(self.batches))


def step_peak(setting: StepSetting, name: str, device: torch.device) -> int:
    """Most bytes that a step with an augmentation takes at a time, besides network and data set."""
    step = TrainingSteps(setting, name, setting.data.to(device))
    first = next(step.batches)  # which is kept, since what existed before the measurement must not end within
    step.train_on(first)  # the optimizer's moments stay from here on
    with peak_memory(device) as peak:
        step()
    return peak[0]


def _endless(method: Method) -> Iterator[Batch]:
    for epoch in count():
        yield from method.batches(epoch, 0)
