"""Whether a network fits this machine's memory, told from its shapes before it is made."""

import math
from collections.abc import Callable

import torch
from torch import nn

from models.memory import check_fits

_BYTES_PER_WEIGHT = 16  # with its gradient and the two moments of Adam


def check_network_fits(subject: str, build: Callable[[], nn.Module]) -> None:
    """Raises ValueError if the weights, with what training keeps for each, exceed the memory.

    subject: names the network and the setting that makes it large. build: makes the network.
    """
    try:
        with torch.device("meta"):  # shapes alone
            network = build()
        needed: float = _BYTES_PER_WEIGHT * sum(weight.numel() for weight in network.parameters())
    except (RuntimeError, TypeError):  # beyond what 64 bits count
        needed = math.inf
    check_fits(subject, needed, "to train")
