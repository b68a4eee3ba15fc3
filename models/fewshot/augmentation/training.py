"""Meta-learning of features on augmented episodes."""

from collections.abc import Iterable, Mapping

import numpy as np
from torch import nn

from models.backbones.batch_norm import batch_norm_of
from models.fewshot.augmentation.colours import PixelValues
from models.fewshot.augmentation.draws import TaskDraws
from models.fewshot.augmentation.losses import Learner
from models.fewshot.augmentation.maxup import MetaMaxUp
from models.fewshot.augmentation.soft_episode import soft_episode
from models.fewshot.augmentation.standard import standard_episode
from models.fewshot.draws import key_of
from models.fewshot.episodes import Episode, Episodes
from models.fewshot.episodic import EpisodicTraining, Validation
from models.fewshot.evaluation import Head
from models.training.method import Batch, Loss
from models.training.optimizers import Scheduled


class AugmentedTraining(EpisodicTraining):
    """Trains an encoder as `EpisodicTraining` does, on augmented episodes.

    episodes: with as many classes as the augmentation draws for each way, see `classes_of`. augmentation: one, or a
    pool for Meta-MaxUp. standard: how the images were normalised, for flips, crops and colour jitter of every image
    before any other augmentation; None for none.

    Raises ValueError for an encoder whose batch norms are not in mode `running`, and for an odd number of classes if
    two make one.
    """

    def __init__(
        self,
        encoder: nn.Module,
        scale: nn.Module,
        head: Head,
        optimizer: Scheduled,
        episodes: Episodes,
        *,
        tasks: int,
        batches: int,
        augmentation: MetaMaxUp,
        standard: PixelValues | None = None,
        validation: Validation | None = None,
    ) -> None:
        super().__init__(encoder, scale, head, optimizer, episodes, tasks=tasks, batches=batches, validation=validation)
        mode, classes = batch_norm_of(encoder), classes_of(augmentation)
        if mode not in ("running", None):
            raise ValueError(f"batch_norm is {mode!r}; augmented training allows 'running'")
        if episodes.shape.way % classes:
            raise ValueError(f"episodes have {episodes.shape.way} classes; allowed are {classes} for each way")
        self.way = episodes.shape.way // classes
        self.augmentation = augmentation
        self.standard = standard

    def batches(self, epoch: int, first: int) -> Iterable[Batch]:
        start = epoch * self.count + first
        for batch, drawn in enumerate(super().batches(epoch, first), start):
            yield (*drawn, np.arange(batch * self.tasks, (batch + 1) * self.tasks))

    def step(self, models: Mapping[str, nn.Module], batch: Batch) -> Loss:
        learner, bare = (Learner(found["encoder"], found["scale"], self.head) for found in (models, self.models))
        return self.augmented_step(learner, bare, batch)

    def augmented_step(self, learner: Learner, bare: Learner, batch: Batch) -> Loss:
        """The loss of a batch after augmentation. learner, bare: see `MetaMaxUp.step`."""
        *images, numbers = batch
        episode = soft_episode(Episode(*images), self.way, self.episodes.shape.way)
        if self.standard is not None:
            draws = TaskDraws(key_of("standard", self.augmentation.draws.seed), numbers)
            episode = standard_episode(episode, draws, self.standard)
        loss, metrics = self.augmentation.step(learner, bare, episode, numbers)
        return Loss(loss, metrics)


def classes_of(augmentation: MetaMaxUp) -> int:
    """Classes to draw for each way of an episode: 2 if an entry of the pool makes one class of two."""
    return max(entry.classes for entry in augmentation.draws.pool)
