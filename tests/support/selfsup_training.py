"""Small self-supervised trainings for tests; some end themselves in the middle, as a killed process does."""

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from models.data.digits import digits
from models.data.images import ImageData, Split
from models.progress import Progress
from models.selfsup import run
from models.selfsup.config import SelfSupConfig
from models.selfsup.method import SelfSupTraining
from models.selfsup.run import build_training, run_self_supervised
from models.selfsup.training_data import TrainingData, from_images
from models.training.processes import average_gradients, process_count

SMALL: dict[str, Any] = {"width": 2, "hidden": 16, "projection": 8, "batch": 16, "epochs": 3, "monitored": 20}
"""Settings of a training that takes a second."""


def small_data(images: int = 70) -> TrainingData:
    """The first digits; 70 are four batches of 16, and six that are left over."""
    data = digits()
    train, test = (Split(split.images[:images], split.labels[:images]) for split in (data.train, data.test))
    return from_images(replace(data, train=train, test=test))


def coloured(images: int = 32, side: int = 8) -> TrainingData:
    """Random images of three channels."""
    pixels = torch.randint(
        0, 256, (images, 3, side, side), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    split = Split(pixels, torch.arange(images) % 2)
    return from_images(ImageData("noise", split, split, ("even", "odd"), (0.0,) * 3, (255.0,) * 3))


def config(**changed: Any) -> SelfSupConfig:
    """The settings of a small training."""
    return SelfSupConfig(**{**SMALL, **changed})


def train(folder: Path, killed_at: int | None = None, resume: bool = False, **changed: Any) -> dict[str, Any]:
    """Trains in `folder`. killed_at: the step after which the process ends as by SIGKILL, 0 for after the last one."""

    class Killed(SelfSupTraining):
        def after_step(self, step: int) -> None:
            super().after_step(step)
            if step == killed_at:
                os.kill(os.getpid(), signal.SIGKILL)

    def killed_summary(*_: Any) -> dict[str, Any]:
        os.kill(os.getpid(), signal.SIGKILL)
        return {}

    if killed_at is not None:
        run.SelfSupTraining = Killed  # type: ignore[misc]
    if killed_at == 0:
        run.summary = killed_summary
    with Progress(quiet=True) as progress:
        return run_self_supervised(config(**changed), small_data(), folder, progress, resume=resume)


Step = tuple[float, dict[str, Tensor], dict[str, Tensor]]


def first_steps(settings: list[dict[str, Any]]) -> list[Step]:
    """`first_step` of each of several settings."""
    return [first_step(changed) for changed in settings]


def first_step(changed: dict[str, Any]) -> Step:
    """Loss, gradients by name and buffers after the first step of this process's part, averaged over processes.

    In float64, where processes that share a batch add up in another order without showing it.
    """
    method = build_training(config(**changed), coloured(), process_count())
    for model in method.models.values():
        model.double()
    (batch, *_) = method.batches(0, 0)
    doubled = {name: _Doubled(model) for name, model in method.models.items()}
    result = method.step(doubled, batch)
    result.loss.backward()  # type: ignore[no-untyped-call]
    average_gradients([method.online])
    loss = result.loss.detach().clone()
    if process_count() > 1:
        torch.distributed.all_reduce(loss)
        loss /= process_count()
    gradients = {name: one.grad for name, one in method.online.named_parameters() if one.grad is not None}
    return loss.item(), gradients, dict(method.online.named_buffers())


class _Doubled(torch.nn.Module):
    """A model that takes images in float64."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, *images: Tensor | None) -> Any:
        return self.model(*(None if one is None else one.double() for one in images))
