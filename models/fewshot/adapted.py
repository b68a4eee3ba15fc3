"""Fine-tuning to episodes: the accuracy that it reaches, and how far it moves the parameters."""

from collections.abc import Callable, Iterator
from typing import TypeVar

import torch
from torch import Tensor, nn

from models.checks import check_positive
from models.data.draws import key_of
from models.fewshot.adaptive import Adaptation
from models.fewshot.episodes import Episode
from models.fewshot.fine_tuning import FineTuning, FineTuningPath, fine_tuned_logits, fine_tuning_path
from models.fewshot.inner import biases_before_batch_norm
from models.fewshot.task_evaluation import Tasks
from models.progress import Progress

_TASKS_AT_ONCE = 8

_Found = TypeVar("_Found")


def adapted_accuracies(
    network: nn.Module, episodes: Tasks, count: int, adaptation: Adaptation, progress: Progress | None = None
) -> Tensor:
    """The share of queries classified correctly after fine-tuning on each of the first `count` episodes: (count,).

    The network runs in evaluation mode, without dropout; its batch norms keep their mode.
    """

    def accuracies(episode: Episode, chosen: Tensor, tuning: FineTuning) -> Tensor:
        support = episode.support, episode.support_labels
        logits = fine_tuned_logits(network, support, chosen, episode.query, tuning)
        return (logits.argmax(2) == episode.query_labels).double().mean(1)

    return torch.cat(list(_of_episodes(accuracies, network, episodes, count, adaptation, progress))).cpu()


def adapted_path(
    network: nn.Module, episodes: Tasks, count: int, adaptation: Adaptation, progress: Progress | None = None
) -> FineTuningPath:
    """Distances and losses, step by step, of the fine-tuning to the support of each of the first `count` episodes.

    The network runs as in `adapted_accuracies`.
    """

    def path(episode: Episode, chosen: Tensor, tuning: FineTuning) -> FineTuningPath:
        return fine_tuning_path(network, (episode.support, episode.support_labels), chosen, tuning)

    parts = list(_of_episodes(path, network, episodes, count, adaptation, progress))
    return FineTuningPath(
        torch.cat([part.distances for part in parts]).cpu(), torch.cat([part.losses for part in parts]).cpu()
    )


def _of_episodes(
    measure: Callable[[Episode, Tensor, FineTuning], _Found],
    network: nn.Module,
    episodes: Tasks,
    count: int,
    adaptation: Adaptation,
    progress: Progress | None,
) -> Iterator[_Found]:
    """`measure` of a few episodes at a time, with the support images of each step."""
    check_positive("number of episodes", count)
    shape = episodes.shape
    reptile = adaptation.learner == "reptile"
    tuning = FineTuning(
        learning_rate=adaptation.learning_rate,
        optimizer="adam" if reptile else "sgd",
        fixed=biases_before_batch_norm(network, episodes.batch([0]).support[0]) if reptile else (),
    )
    training = network.training
    network.eval()
    try:
        with progress or Progress(quiet=True) as shown:
            task = shown.task(f"fine-tuning: {shape.way}-way {shape.shot}-shot", count)
            for first in range(0, count, _TASKS_AT_ONCE):
                numbers = range(first, min(first + _TASKS_AT_ONCE, count))
                episode = episodes.batch(numbers)
                images = episode.support_labels.shape[1]
                chosen = torch.cat([adaptation.batches(1, images, _generator(number)) for number in numbers])
                try:
                    found = measure(episode, chosen.to(episode.support.device), tuning)
                except ValueError as error:
                    raise ValueError(f"episodes {first} to {numbers[-1]}: {error}") from error
                yield found
                task.advance(len(numbers))
    finally:
        network.train(training)


def _generator(number: int) -> torch.Generator:
    """Random numbers of an episode's fine-tuning, whatever other episodes are evaluated with it."""
    return torch.Generator().manual_seed(int(key_of("fine-tuning", number)) >> 1)
