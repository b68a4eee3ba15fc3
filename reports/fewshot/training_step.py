"""Steps of training outside of the loop, for benches and tables that time them."""

from collections.abc import Iterator
from itertools import count

import torch

from models.fewshot.class_images import FewShotData
from models.fewshot.config import FewShotConfig
from models.fewshot.learners import build_method, build_network
from models.training.method import Batch, Loss, Method


class TrainingSteps:
    """A training; each call takes one step, on the next batch."""

    def __init__(self, config: FewShotConfig, data: FewShotData) -> None:
        network = build_network(config, data.shape).to(data.split("train").images.device)
        self.method = build_method(config, network, data, None)
        for model in self.method.models.values():
            model.train()
        self.batches = _endless(self.method)

    def __call__(self) -> None:
        train(self.method, next(self.batches))

    @torch.no_grad()
    def forward(self) -> None:
        """The forward pass of a step, without gradient."""
        self.method.step(self.method.models, next(self.batches))


def train(method: Method, batch: Batch) -> None:
    """Trains a method's models by a step on a batch, of which no gradient stays."""
    found = method.step(method.models, batch)
    if isinstance(found, Loss):
        found.loss.backward()  # type: ignore[no-untyped-call]
    for scheduled in method.optimizers.values():
        scheduled.optimizer.step()
        scheduled.optimizer.zero_grad()


def _endless(method: Method) -> Iterator[Batch]:
    for epoch in count():
        yield from method.batches(epoch, 0)
