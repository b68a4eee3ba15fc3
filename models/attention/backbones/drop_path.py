"""Stochastic depth (Huang et al., 2016)."""

from torch import Tensor, nn


class DropPath(nn.Module):
    """In training, zeroes all that a branch gives for a sample with probability `rate` and scales the others."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, maps: Tensor) -> Tensor:
        if not self.training or self.rate == 0:
            return maps
        kept = maps.new_empty(len(maps), 1, 1, 1).bernoulli_(1 - self.rate)
        return maps * (kept / (1 - self.rate))

    def extra_repr(self) -> str:
        return f"rate={self.rate:.3g}"


def rates(last: float, blocks: int) -> list[float]:
    """Rates of a network's blocks, which grow linearly from 0 to `last`."""
    return [last * place / max(blocks - 1, 1) for place in range(blocks)]
