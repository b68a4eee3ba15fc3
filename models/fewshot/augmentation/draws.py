"""Random numbers of tasks, each a function of a key, the task's number and a name."""

import math
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from torch import Tensor

from models.data import draws
from models.data.draws import Integers

_STREAM = 0


@dataclass(frozen=True)
class TaskDraws:
    """Draws for tasks on the CPU: the same in any batch, in any process and for any device.

    key: of the run. numbers: of the tasks, (tasks,). Draws of different names are independent; the same name gives the
    same numbers again.
    """

    key: np.uint64
    numbers: Integers

    def named(self, name: str) -> Self:
        """Draws that are independent of these."""
        return replace(self, key=draws.key_of(int(self.key), name))

    def of(self, tasks: Integers) -> Self:
        """The draws of some of the tasks, by their places."""
        return replace(self, numbers=self.numbers[tasks])

    def uniform(self, name: str, *shape: int) -> Tensor:
        """Numbers from 0 to below 1: (tasks, *shape), float64."""
        index = np.arange(math.prod(shape))
        found = draws.uniform(self.named(name).key, self.numbers[:, None], _STREAM, index)
        return torch.from_numpy(found).view(-1, *shape)

    def below(self, name: str, limits: Tensor | int, *shape: int) -> Tensor:
        """Integers from 0 to below `limits`, which broadcast: (tasks, *shape), int64."""
        return (self.uniform(name, *shape) * limits).long()

    def happens(self, name: str, probability: float, *shape: int) -> Tensor:
        """True with a probability: (tasks, *shape), bool."""
        return self.uniform(name, *shape) < probability

    def between(self, name: str, least: float, most: float, *shape: int) -> Tensor:
        """Numbers uniform between two bounds: (tasks, *shape), float64."""
        return least + (most - least) * self.uniform(name, *shape)

    def beta(self, name: str, concentration: int, *shape: int) -> Tensor:
        """Numbers of the law Beta(c, c), the median of 2 c - 1 uniform ones: (tasks, *shape), float64."""
        return self.uniform(name, *shape, 2 * concentration - 1).median(-1).values

    def order(self, name: str, length: int) -> Tensor:
        """Permutations of 0 to `length` - 1: (tasks, length), int64."""
        return self.uniform(name, length).argsort(1)
