"""Losses of augmented tasks, from features that all of their images get together."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, nll_loss

from models.fewshot.augmentation.candidates import Augmented, Pool
from models.fewshot.augmentation.soft_episode import SoftEpisode
from models.fewshot.evaluation import Head


class QueryLosses(NamedTuple):
    """Of each query, (tasks, queries): the loss, and whether its likeliest way has the largest share of its label."""

    losses: Tensor
    right: Tensor


FurtherLoss = Callable[[Pool, Augmented], Tensor]
"""The further losses of the queries of a group of features, an entry of the pool applied: (tasks, queries)."""


class Learner(NamedTuple):
    """encoder: images (n, channels, height, width) to features (n, d). scale: of the head's logits.

    further: losses that are added to the cross-entropy of the queries; None for none. takes_soft_labels: whether the
    head takes labels (tasks, n, ways) of the support; if not, it gets integers.
    """

    encoder: nn.Module
    scale: nn.Module
    head: Head
    further: FurtherLoss | None = None
    takes_soft_labels: bool = True


def losses_from_images(learner: Learner, pool: Pool, groups: Sequence[Augmented]) -> QueryLosses:
    """The losses of groups of images, in the order of the groups' pairs.

    The encoder sees all images in one call. If all tasks have as many, it sees them in that order too, support first,
    as in training without augmentation.
    """
    features = _embedded(learner.encoder, [_images(group.episode) for group in groups], _order(groups))
    embedded = [
        group._replace(episode=_with_features(group.episode, found))
        for group, found in zip(groups, features, strict=True)
    ]
    return losses_from_features(learner, pool, embedded)


def losses_from_features(learner: Learner, pool: Pool, groups: Sequence[Augmented]) -> QueryLosses:
    """The losses of the queries of groups of features, in the order of the groups' pairs.

    They are the cross-entropy with soft labels and the learner's further losses.
    """
    episodes = [pool[group.entry].of_features(group.episode, group.draws) for group in groups]
    order = _order(groups)
    logits = learner.scale(_joined([_logits(learner, episode) for episode in episodes], order))
    targets = _joined([episode.query_labels for episode in episodes], order).to(logits.dtype)
    losses = cross_entropy(logits.flatten(0, 1), targets.flatten(0, 1), reduction="none").view(logits.shape[:2])
    if learner.further is not None:
        changed = [group._replace(episode=one) for group, one in zip(groups, episodes, strict=True)]
        losses = losses + _joined([learner.further(pool, group) for group in changed], order)
    return QueryLosses(losses, logits.detach().argmax(2) == targets.argmax(2))


def mean_loss(losses: Tensor) -> Tensor:
    """The mean, added up as `cross_entropy` does for hard labels: it then equals that to the last bit."""
    flat = losses.flatten()
    return nll_loss(-flat[:, None], torch.zeros(len(flat), dtype=torch.int64, device=flat.device))


def _order(groups: Sequence[Augmented]) -> Tensor:
    """Where each pair is among the tasks of groups that lie side by side: (pairs,), int64, on the CPU."""
    return torch.from_numpy(np.argsort(np.concatenate([group.pairs for group in groups])))


def _joined(parts: Sequence[Tensor], order: Tensor) -> Tensor:
    """Parts, tasks first, in an order of their tasks."""
    return parts[0] if len(parts) == 1 else torch.cat(list(parts))[order.to(parts[0].device)]


def _images(episode: SoftEpisode) -> Tensor:
    return torch.cat([episode.support.flatten(1, 2), episode.query.flatten(1, 2)], 1)


def _embedded(encoder: nn.Module, images: Sequence[Tensor], order: Tensor) -> list[Tensor]:
    """The features of images (tasks, n, channels, height, width), group by group: (tasks, n, d)."""
    if len({group.shape[1] for group in images}) > 1:
        flat = encoder(torch.cat([group.flatten(0, 1) for group in images]))
        parts = torch.split(flat, [group.shape[:2].numel() for group in images])
        return [torch.unflatten(part, 0, group.shape[:2]) for part, group in zip(parts, images, strict=True)]
    joined = _joined(images, order)
    features: Tensor = encoder(joined.flatten(0, 1)).unflatten(0, joined.shape[:2])
    if len(images) == 1:
        return [features]
    return list(torch.split(features[order.argsort().to(features.device)], [len(group) for group in images]))


def _with_features(episode: SoftEpisode, features: Tensor) -> SoftEpisode:
    """An episode with features, (tasks, support and query images, d), in place of images."""
    support, query = torch.split(features, [episode.support_labels.shape[1], episode.query_labels.shape[1]], 1)
    way = episode.support.shape[1]
    return episode._replace(support=torch.unflatten(support, 1, (way, -1)), query=torch.unflatten(query, 1, (way, -1)))


def _logits(learner: Learner, episode: SoftEpisode) -> Tensor:
    support, query = episode.support.flatten(1, 2), episode.query.flatten(1, 2)
    soft = episode.support_labels
    labels = soft.to(support.dtype) if learner.takes_soft_labels else soft.argmax(2)
    return learner.head(query, support, labels, episode.support.shape[1])
