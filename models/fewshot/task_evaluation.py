"""Evaluation that embeds the images of each episode with it, as batch norm by the episode's own images needs."""

from collections.abc import Iterable
from typing import Protocol

import torch
from torch import Tensor, nn

from models.checks import check_positive
from models.fewshot.episodes import Episode, EpisodeShape
from models.fewshot.evaluation import Head
from models.fewshot.queries import task_features
from models.progress import Progress

_EMBEDDED_PIXELS = 1 << 20  # of a batch of episodes


class Tasks(Protocol):
    """Episodes of one shape, by number."""

    @property
    def shape(self) -> EpisodeShape:
        """Ways, shots and queries of each episode."""

    def batch(self, numbers: Iterable[int]) -> Episode:
        """The episodes with these numbers, normalised."""


@torch.no_grad()
def task_accuracies(
    encoder: nn.Module, tasks: Tasks, count: int, head: Head, progress: Progress | None = None
) -> Tensor:
    """The share of queries that a head classifies correctly in each of the first `count` episodes: (count,), float64.

    The encoder is in evaluation mode meanwhile, without dropout; `task_features` says what its mode of batch norm
    means. Raises ValueError, naming the episode, if features are not finite.
    """
    check_positive("number of episodes", count)
    shape = tasks.shape
    size = max(1, _EMBEDDED_PIXELS // _pixels(tasks.batch([0])))
    training = encoder.training
    encoder.eval()
    found = []
    try:
        with progress or Progress(quiet=True) as shown:
            task = shown.task(f"evaluating: {shape.way}-way {shape.shot}-shot", count)
            for first in range(0, count, size):
                episode = tasks.batch(range(first, min(first + size, count)))
                support, query = task_features(encoder, episode.support, episode.query)
                _check_finite(torch.cat([support, query], 1), first)
                answers = head(query, support, episode.support_labels, shape.way).argmax(2)
                found.append((answers == episode.query_labels).double().mean(1))
                task.advance(len(answers))
    finally:
        encoder.train(training)
    return torch.cat(found).cpu()


def _check_finite(features: Tensor, first: int) -> None:
    broken = ~features.isfinite().flatten(1).all(1)
    if broken.any():
        raise ValueError(f"the features of episode {first + int(broken.nonzero()[0])} are not finite")


def _pixels(episode: Episode) -> int:
    return episode.support.numel() + episode.query.numel()
