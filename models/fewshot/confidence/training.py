"""Meta-learning of features and of the metric that gives the queries their confidence."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from models.fewshot.augmentation.candidates import Augmented, Pool
from models.fewshot.augmentation.losses import Learner
from models.fewshot.augmentation.training import AugmentedTraining
from models.fewshot.confidence.dense import DenseClassifier, dense_losses
from models.fewshot.confidence.network import ConfidenceEncoder
from models.fewshot.episodes import Episodes
from models.fewshot.heads import refined_logits
from models.training.method import Batch, Loss
from models.training.optimizers import Scheduled

_DENSE = 2.0  # beside an instance loss of 1, as published


class ConfidenceTraining(AugmentedTraining):
    """Trains an encoder, its metric and a dense classifier on episodes, which may be augmented.

    The loss is the cross-entropy of the queries (instance loss) and twice the dense loss of all images. transductive:
    whether the queries refine the prototypes once before they are classified. Other arguments and errors as of
    `AugmentedTraining`.
    """

    def __init__(
        self,
        network: ConfidenceEncoder,
        classifier: DenseClassifier,
        optimizer: Scheduled,
        episodes: Episodes,
        *,
        transductive: bool = False,
        **options: Any,
    ) -> None:
        head = partial(refined_logits, metric=network.metric)
        super().__init__(network.encoder, nn.Identity(), head, optimizer, episodes, **options)
        self.models = {"encoder": network.encoder, "metric": network.metric, "classifier": classifier}
        self.network = network
        self.rounds = 1 if transductive else 0

    def batches(self, epoch: int, first: int) -> Iterable[Batch]:
        classes = self.episodes.classes.labels
        for batch in super().batches(epoch, first):
            images = self.episodes.indices(batch[-1])[:, :, 0]
            yield (*batch, classes[images.to(classes.device)])

    def step(self, models: Mapping[str, nn.Module], batch: Batch) -> Loss:
        *augmented, drawn = batch
        return self.augmented_step(self._learner(models, drawn), self._learner(self.models, drawn), augmented)

    def validate(self) -> Mapping[str, float]:
        return {} if self.validation is None else self.validation(self.network)

    def _learner(self, models: Mapping[str, nn.Module], drawn: Tensor) -> Learner:
        classes = len(self.episodes.classes.counts)

        def dense(pool: Pool, group: Augmented) -> Tensor:
            episode, entry = group.episode, pool[group.entry]
            return _DENSE * dense_losses(
                models["classifier"], classes, episode, drawn[torch.from_numpy(group.places)], entry
            )

        head = partial(refined_logits, metric=models["metric"], rounds=self.rounds)
        return Learner(models["encoder"], nn.Identity(), head, dense)
