"""One update made of many."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor

from models.federated.choices import AggregateName
from models.federated.client import Update


class Aggregate(ABC):
    """Takes updates one at a time; updates of no examples count for nothing.

    examples: of all. loss: the sum over examples.
    """

    def __init__(self) -> None:
        self.examples = 0
        self.loss = 0.0

    def add(self, update: Update) -> None:
        """Adds a client's update."""
        if update.examples:
            self.examples += update.examples
            self.loss += update.examples * update.loss
            self._take(update)

    def means(self) -> dict[str, Tensor]:
        """What is made of each gradient. Raises ValueError if there was no example."""
        if not self.examples:
            raise ValueError("no client brought an example")
        return self._means()

    @abstractmethod
    def _take(self, update: Update) -> None:
        """Takes in the gradients of an update with examples."""

    @abstractmethod
    def _means(self) -> dict[str, Tensor]:
        """What is made of each gradient that was taken in."""


class WeightedMean(Aggregate):
    """The mean of updates, weighted by their numbers of examples.

    It is kept as one running sum, so memory does not grow with the number of clients.
    """

    def __init__(self) -> None:
        super().__init__()
        self._sums: dict[str, Tensor] = {}

    def _take(self, update: Update) -> None:
        for name, gradient in update.gradients.items():
            if name in self._sums:
                self._sums[name].add_(gradient, alpha=update.examples)
            else:
                self._sums[name] = gradient * update.examples

    def _means(self) -> dict[str, Tensor]:
        return {name: total / self.examples for name, total in self._sums.items()}


class TrimmedMean(Aggregate):
    """The mean of each number without the smallest and largest ones, all clients counting alike (Yin et al., 2018).

    trimmed: share of the clients, but at least one, that is left out at each end; a half makes it the median. All
    updates are kept until the end of the round. It is not linear, so gradient relay after it is not exact.
    """

    def __init__(self, trimmed: float) -> None:
        super().__init__()
        self.trimmed = trimmed
        self._updates: list[Mapping[str, Tensor]] = []

    def _take(self, update: Update) -> None:
        self._updates.append(update.gradients)

    def _means(self) -> dict[str, Tensor]:
        count = len(self._updates)
        out = min(max(1, math.floor(self.trimmed * count)), (count - 1) // 2)
        return {name: self._sorted(name)[out : count - out].mean(0) for name in self._updates[0]}

    def _sorted(self, name: str) -> Tensor:
        return torch.stack([one[name] for one in self._updates]).sort(0).values


def mean_of(updates: Iterable[Update]) -> WeightedMean:
    """The weighted mean of updates, taken one at a time."""
    mean = WeightedMean()
    for update in updates:
        mean.add(update)
    return mean


def clipped(update: Update, norm: float | None) -> Update:
    """An update that is scaled down to `norm` if all its gradients together are larger; None leaves it as it is."""
    if norm is None:
        return update
    own = update_norm(update)
    if own <= norm:
        return update
    return Update({name: one * (norm / own) for name, one in update.gradients.items()}, update.examples, update.loss)


def update_norm(update: Update) -> float:
    """The norm of all gradients of an update together."""
    return math.sqrt(sum(one.double().square().sum().item() for one in update.gradients.values()))


AGGREGATES: Mapping[AggregateName, Callable[[], Aggregate]] = MappingProxyType(
    {"mean": WeightedMean, "median": lambda: TrimmedMean(0.5), "trimmed": lambda: TrimmedMean(0.1)}
)
"""Ways to aggregate by name; `trimmed` leaves out a tenth at each end."""
