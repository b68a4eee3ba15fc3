"""The length of a run in steps, and the images of each step."""

import math
from dataclasses import dataclass

from torch import Tensor

from models.selfsup.config import SelfSupConfig
from models.selfsup.tasks import Tasks


@dataclass(frozen=True)
class Schedule:
    """The length of a run.

    images: to train on. steps_per_epoch: steps of an epoch. dropped: images that an epoch leaves out, since they are
    too few for another step; other ones in each epoch. tasks: of a step. epochs: of the run.
    """

    images: int
    steps_per_epoch: int
    dropped: int
    tasks: int
    epochs: int

    @property
    def steps(self) -> int:
        """Steps of the run."""
        return self.steps_per_epoch * self.epochs

    def numbers(self, tasks: Tasks, epoch: int) -> Tensor:
        """The images of an epoch: (steps, tasks, images of a task)."""
        chosen = tasks.images(self.images, epoch)[: self.steps_per_epoch * self.tasks]
        return chosen.view(self.steps_per_epoch, self.tasks, -1)


def cosine_fall(step: int, steps: int) -> float:
    """A factor that falls as a cosine from 1 at step number 0 to 0 at `steps`."""
    return (math.cos(math.pi * step / steps) + 1) / 2


def schedule_of(config: SelfSupConfig, images: int, processes: int) -> Schedule:
    """The length of a run on so many images. Raises ValueError, with the numbers, if they do not go together."""
    if images < config.step_images:
        tasks = f" in each of {config.tasks} tasks" if config.tasks > 1 else ""
        raise ValueError(f"there are {images} images to train on; a step needs {config.batch}{tasks}, the batch")
    if config.batch % processes:
        raise ValueError(f"batch is {config.batch}; {processes} processes need a multiple of their number")
    if processes > 1 and config.query_cutmix:
        raise ValueError(f"query_cutmix mixes images of one process; there are {processes} processes")
    if processes > 1 and config.batch_norm == "local" and config.batch == processes:
        raise ValueError(f"batch is {config.batch}; local batch norm needs 2 images in each of {processes} processes")
    steps, dropped = divmod(images, config.step_images)
    return Schedule(images, steps, dropped, config.tasks, config.epochs)
