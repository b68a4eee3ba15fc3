"""Meta-learning of a starting point for fine-tuning on augmented episodes."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from torch import Tensor

from models.fewshot.adaptive import AdaptiveTraining
from models.fewshot.augmentation.checks import check_learner
from models.fewshot.augmentation.maxup import MetaMaxUp
from models.fewshot.augmentation.names import Mode
from models.fewshot.augmentation.soft_episode import SoftEpisode, soft_episode
from models.fewshot.augmentation.training import classes_of
from models.fewshot.episodes import Episode
from models.training.method import Batch


class AugmentedAdaptiveTraining(AdaptiveTraining):
    """Trains a network as `AdaptiveTraining` does, on episodes with one augmentation of their images.

    episodes: with as many classes as the augmentation draws for each way of the network. Labels that stay hard are
    given as integers, so that no augmentation trains as without. Other arguments are those of `AdaptiveTraining`.

    Raises ValueError for Meta-MaxUp, whose choice needs a head on features, for an augmentation of features, and for
    one of queries with Reptile, which trains on supports alone.
    """

    def __init__(self, *arguments: Any, augmentation: MetaMaxUp, **options: Any) -> None:
        draws = augmentation.draws
        if not draws.is_single:
            raise ValueError("Meta-MaxUp is for learners with a head on features; allowed is one augmentation")
        super().__init__(*arguments, **options)
        trains_on_queries = self.adaptation.learner != "reptile"
        check_learner(draws.pool, adapts_features=True, takes_soft_labels=True, trains_on_queries=trains_on_queries)
        self.draws, self.augmentation = draws, draws.pool[0]
        self.way = self.episodes.shape.way // classes_of(augmentation)

    def batches(self, epoch: int, first: int) -> Iterable[Batch]:
        start = epoch * self.count + first
        for batch, drawn in enumerate(super().batches(epoch, first), start):
            yield (*drawn, np.arange(batch * self.tasks, (batch + 1) * self.tasks))

    def _episode(self, batch: Batch) -> Episode:
        *images, numbers = batch
        soft = soft_episode(Episode(*images), self.way, self.episodes.shape.way)
        places = np.arange(len(numbers))
        (found,) = self.draws.of(soft, numbers).augmented(places, np.zeros_like(places))
        return self._flat(found.episode)

    def _flat(self, episode: SoftEpisode) -> Episode:
        return Episode(
            episode.support.flatten(1, 2),
            self._labels(episode.support_labels, "support"),
            episode.query.flatten(1, 2),
            self._labels(episode.query_labels, "query"),
        )

    def _labels(self, labels: Tensor, mode: Mode) -> Tensor:
        return labels if self.augmentation.softens(mode) else labels.argmax(2)
