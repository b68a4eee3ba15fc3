"""Combining labels: two classes become one."""

import torch
from torch import Tensor

from models.fewshot.augmentation.changes import Change
from models.fewshot.augmentation.draws import TaskDraws
from models.fewshot.augmentation.names import Mode
from models.fewshot.augmentation.soft_episode import SoftEpisode


def combine_support(episode: SoftEpisode, draws: TaskDraws) -> SoftEpisode:
    """Half of each class's support images come from a spare class."""
    return episode._replace(support=_combined(episode.support, episode.further.support, draws.named("support")))


def combine_query(episode: SoftEpisode, draws: TaskDraws) -> SoftEpisode:
    """Half of each class's query images come from a spare class."""
    return episode._replace(query=_combined(episode.query, episode.further.query, draws.named("query")))


def combine_both(episode: SoftEpisode, draws: TaskDraws) -> SoftEpisode:
    """Half of each class's images come from a spare class, in the support and in the queries."""
    return combine_query(combine_support(episode, draws), draws)


def _combined(images: Tensor, spare: Tensor, draws: TaskDraws) -> Tensor:
    """Images, (tasks, way, n, ...), of which half, drawn class by class, are replaced; a coin decides on an odd one."""
    way, count = images.shape[1:3]
    replaced = (count / 2 + 0.5 * draws.uniform("odd", way).round()).long()
    ranks = draws.uniform("rank", way, count).argsort(-1).argsort(-1)
    chosen = (ranks < replaced[..., None]).to(images.device, non_blocking=True)
    return torch.where(chosen[..., None, None, None], spare, images)


COMBINING: dict[Mode, Change] = {
    "support": Change(apply=combine_support, classes=2),
    "query": Change(apply=combine_query, classes=2),
    "task": Change(apply=combine_both, classes=2),
}
