"""Learners, pools and losses of single candidates, for Meta-MaxUp."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models.backbones.batch_norm import BatchNorm
from models.backbones.drop_block import DropBlock
from models.fewshot.augmentation.candidates import CandidateDraws, Candidates
from models.fewshot.augmentation.combination import Combination
from models.fewshot.augmentation.losses import Learner
from models.fewshot.augmentation.maxup import MetaMaxUp, StepResult
from models.fewshot.augmentation.soft_episode import SoftEpisode
from models.fewshot.episodic import LearntScale
from models.fewshot.heads import ridge_logits
from tests.support.augmentation import OPTIONS, random_episode

TASKS, NUMBERS = 5, np.arange(10, 15)
MIXED = ["cutmix:query", "self-mix:support", "rotation:task", "feature-mixup:support", "none", "mixup:task"]


def network(*, dropout: bool = False, frozen: bool = False, dtype: torch.dtype = torch.float64) -> nn.Module:
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 6, 3, padding=1), BatchNorm(6), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Dropout(0.3), DropBlock(2, 0.2)] if dropout else []
    layers += [nn.Conv2d(6, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten()]
    encoder = nn.Sequential(*layers, *([nn.Dropout(0.3)] if dropout else [])).to(dtype)
    for module in encoder.modules():
        if isinstance(module, DropBlock):
            module.calls = 30_000
        if isinstance(module, BatchNorm | nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2)
            module.train(not frozen)
    return encoder


def learner(head: Any = ridge_logits, **options: Any) -> Learner:
    scale = LearntScale().double()
    with torch.no_grad():
        scale.scale.fill_(20)
    return Learner(network(**options), scale, head)


def drawn(pool: str | Sequence[str] = MIXED, count: int = 4, **options: Any) -> CandidateDraws:
    return CandidateDraws(pool=Combination.parse_pool(pool, OPTIONS), count=count, tasks=TASKS, **options)


def episode(dtype: torch.dtype = torch.float64) -> SoftEpisode:
    return random_episode(tasks=TASKS, dtype=dtype)


def loss_of(one: Learner, candidates: Candidates, task: int, candidate: int) -> Tensor:
    """The losses of the queries of one candidate of one task, on its own."""
    count = candidates.entries.shape[1]
    entry = candidates.pool[candidates.entries[task, candidate]]
    draws = candidates.draws.of(np.array([task * count + candidate]))
    found = entry.of_images(candidates.episode.of(torch.tensor([task])), draws)
    features = [
        one.encoder(images.flatten(0, 2)).unflatten(0, images.shape[:3]) for images in (found.support, found.query)
    ]
    found = entry.of_features(found._replace(support=features[0], query=features[1]), draws)
    support, query = found.support.flatten(1, 2), found.query.flatten(1, 2)
    logits = one.scale(one.head(query, support, found.support_labels, 4))[0]
    losses: Tensor = -(found.query_labels[0] * logits.log_softmax(1)).sum(1)
    return losses


def step(maxup: MetaMaxUp, one: Learner, tasks: SoftEpisode | None = None) -> tuple[StepResult, list[Tensor]]:
    """A step's result and gradients."""
    for parameter in one.encoder.parameters():
        parameter.grad = None
    result = maxup.step(one, one, tasks or episode(), NUMBERS)
    result.loss.backward()
    return result, [parameter.grad for parameter in one.encoder.parameters()]
