"""What Meta-MaxUp really does with a pool: how often each entry is drawn and chosen, and its loss."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from models.data.draws import Integers

_DRAWN, _CHOSEN, _LOSS = "drawn", "chosen", "loss"


class EntryRecord(NamedTuple):
    """Of an entry: its share of the candidates, its share of the choices, and the mean loss of its candidates.

    The loss is None if the entry was never drawn.
    """

    drawn: float
    chosen: float
    loss: float | None


@dataclass(frozen=True)
class PoolLog:
    """The log of a step. names: of the pool's entries. entries: of all candidates, (tasks, m)."""

    names: Sequence[str]
    entries: Integers

    def metrics(self, losses: Tensor, chosen: Integers, device: torch.device) -> dict[str, Tensor]:
        """Scalars by name whose means over steps `read_pool_log` takes; none for a pool of one.

        losses: of the candidates, (tasks, m). chosen: entries of what is trained on, of any shape. device: of the
        result, that of all metrics of a step.
        """
        if len(self.names) == 1:
            return {}
        drawn_by = torch.from_numpy(self.entries == np.arange(len(self.names))[:, None, None])
        drawn = drawn_by.double().mean((1, 2))
        share = torch.from_numpy(np.bincount(chosen.reshape(-1), minlength=len(self.names)) / chosen.size)
        loss = torch.where(drawn_by, losses.cpu().double(), 0).mean((1, 2))
        found = torch.stack([drawn, share, loss]).float().to(device)
        kinds = zip((_DRAWN, _CHOSEN, _LOSS), found, strict=True)
        return {f"{kind} {name}": values[at] for kind, values in kinds for at, name in enumerate(self.names)}


def read_pool_log(means: Mapping[str, float]) -> dict[str, EntryRecord]:
    """What the means of the metrics over steps say, by entry; empty for a run without a pool.

    The metric of an entry's loss counts a step without the entry as 0, so that its mean divided by the share of
    candidates is the mean over the entry's candidates.
    """
    names = [key.removeprefix(f"{_DRAWN} ") for key in means if key.startswith(f"{_DRAWN} ")]
    return {
        name: EntryRecord(
            means[f"{_DRAWN} {name}"],
            means[f"{_CHOSEN} {name}"],
            means[f"{_LOSS} {name}"] / means[f"{_DRAWN} {name}"] if means[f"{_DRAWN} {name}"] else None,
        )
        for name in names
    }
