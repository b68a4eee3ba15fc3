"""The tasks by name: a task adds itself here, and nothing elsewhere in the runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from torch import nn

from models.attention.training.classify import Classification, accuracies, build_network
from models.attention.training.config import LsaConfig
from models.attention.training.images import read_images
from models.attention.training.method import LsaTraining
from models.attention.training.sources import LsaSource


@dataclass(frozen=True)
class Task:
    """A task.

    read: its data, from options and a seed. training: the method on that data, for so many processes. network: of
    settings and the facts of a training. figures: of a trained network on the held-out part of data, by name.
    """

    read: Callable[[LsaSource, int], Any]
    training: Callable[[LsaConfig, Any, int], LsaTraining]
    network: Callable[[LsaConfig, Mapping[str, Any]], nn.Module]
    figures: Callable[[Any, Any], dict[str, float]]


TASKS: Mapping[str, Task] = MappingProxyType(
    {"classify": Task(read_images, Classification, build_network, accuracies)},
)


def task_of(config: LsaConfig) -> Task:
    """The task that settings name. Raises ValueError for one that this version lacks."""
    if config.task not in TASKS:
        raise ValueError(f"task is {config.task!r}; this version trains {', '.join(TASKS)}")
    return TASKS[config.task]
