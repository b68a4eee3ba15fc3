"""Updates as integers, whose sum over clients is exact and does not wrap."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from models.federated.client import Update

TOTALS = "examples, losses and moves"
"""The name of the integers that are not of a gradient."""

_LARGEST = 2**31 - 1
_MOST_LOSS = 1e4  # of an utterance; larger ones are reported as this


@dataclass(frozen=True)
class FixedPoint:
    """How numbers become 32-bit integers. clients: the most that are added. examples: the most of one of them.

    norm: the largest of an update, to which clients scale larger ones down. Raises ValueError for more examples than
    integers can count.
    """

    clients: int
    examples: int
    norm: float

    def __post_init__(self) -> None:
        if self.clients * self.examples > _LARGEST:
            raise ValueError(f"{self.clients} clients with {self.examples} utterances each are too many for one sum")

    @property
    def step(self) -> float:
        """What an integer of 1 stands for in a gradient times its examples."""
        return self._step(self.norm)

    def encoded(self, update: Update, moved: float) -> dict[str, Tensor]:
        """Integers of an update of at most the norm, times its examples. moved: mean share of codes that its steps
        changed."""
        numbers = {
            name: self._integers(one.double() * (update.examples / self.step)) for name, one in update.gradients.items()
        }
        sums = torch.tensor([update.loss / self._step(_MOST_LOSS), moved / self._step(1.0)], dtype=torch.float64)
        totals = torch.cat([torch.tensor([update.examples]), self._integers(sums * update.examples)])
        return numbers | {TOTALS: totals.to(torch.int32)}

    def decoded(self, sums: Mapping[str, Tensor]) -> tuple[Update, float]:
        """The mean of the clients' updates, in float64, as one of all their examples, and that of `moved`.

        All is 0 without examples.
        """
        examples, losses, moved = sums[TOTALS].tolist()
        each = 1 / examples if examples else 0.0
        means = {name: one.double() * (self.step * each) for name, one in sums.items() if name != TOTALS}
        return Update(means, examples, losses * self._step(_MOST_LOSS) * each), moved * self._step(1.0) * each

    def _step(self, largest: float) -> float:
        return self.examples * largest / (_LARGEST // self.clients)

    def _integers(self, numbers: Tensor) -> Tensor:
        most = _LARGEST // self.clients
        return numbers.round().clamp(-most, most).to(torch.int32)
