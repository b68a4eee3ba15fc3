"""Meta-learning of features on augmented episodes."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from torch import nn

from models.backbones.batch_norm import batch_norm_of
from models.data.draws import key_of
from models.fewshot.augmentation.checks import check_learner
from models.fewshot.augmentation.colours import PixelValues
from models.fewshot.augmentation.draws import TaskDraws
from models.fewshot.augmentation.losses import Learner
from models.fewshot.augmentation.maxup import MetaMaxUp
from models.fewshot.augmentation.soft_episode import soft_episode
from models.fewshot.augmentation.standard import standard_episode
from models.fewshot.episodes import Episode
from models.fewshot.episodic import EpisodicTraining
from models.training.method import Batch, Loss


class AugmentedTraining(EpisodicTraining):
    """Trains an encoder as `EpisodicTraining` does, on augmented episodes.

    episodes: with as many classes as the augmentation draws for each way, see `classes_of`. augmentation: one, or a
    pool for Meta-MaxUp. standard: how the images were normalised, for flips, crops and colour jitter of every image
    before any other augmentation; None for none. takes_soft_labels: whether the head takes soft labels of the support.
    Other arguments are those of `EpisodicTraining`.

    Raises ValueError for an encoder whose batch norms are not in mode `running`, for an odd number of classes if two
    make one, and for an augmentation that the head cannot train with.
    """

    def __init__(
        self,
        *arguments: Any,
        augmentation: MetaMaxUp,
        standard: PixelValues | None = None,
        takes_soft_labels: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(*arguments, **options)
        mode, classes = batch_norm_of(self.models["encoder"]), classes_of(augmentation)
        if mode not in ("running", None):
            raise ValueError(f"batch_norm is {mode!r}; augmented training allows 'running'")
        drawn = self.episodes.shape.way
        if drawn % classes:
            raise ValueError(f"episodes have {drawn} classes; allowed are {classes} for each way")
        pool, select = augmentation.draws.pool, augmentation.select
        check_learner(pool, adapts_features=False, takes_soft_labels=takes_soft_labels, select=select)
        self.way = drawn // classes
        self.augmentation = augmentation
        self.standard = standard
        self.takes_soft_labels = takes_soft_labels

    def batches(self, epoch: int, first: int) -> Iterable[Batch]:
        start = epoch * self.count + first
        for batch, drawn in enumerate(super().batches(epoch, first), start):
            yield (*drawn, np.arange(batch * self.tasks, (batch + 1) * self.tasks))

    def step(self, models: Mapping[str, nn.Module], batch: Batch) -> Loss:
        learner, bare = (
            Learner(found["encoder"], found["scale"], self.head, takes_soft_labels=self.takes_soft_labels)
            for found in (models, self.models)
        )
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
