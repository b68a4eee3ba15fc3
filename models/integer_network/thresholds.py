"""Turns the float operations between an accumulator and a quantizer into comparisons of integers."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.integer_network.float_operations import FloatOperation, Quantize, apply_all
from models.integer_network.nodes import Integers


@torch.no_grad()
def find_thresholds(
    operations: Sequence[FloatOperation], quantize: Quantize, source: Integers
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The integer at which each channel reaches each level: thresholds (channels, levels) and directions (channels,).

    operations: elementwise and monotone in each channel, as scale, batch norm and ReLU are. source: shape and range
    of the integers they run on. Bisection with the operations themselves finds the thresholds, so that they match the
    operations' rounding. A level that a channel never reaches has a threshold beyond the source's range.
    """
    channels = source.shape[0]
    levels = torch.arange(quantize.smallest + 1, quantize.largest + 1).view(-1, 1)

    def level_of(integers: Tensor) -> Tensor:
        values = integers.float().view(-1, channels, *[1] * (len(source.shape) - 1))
        return quantize.apply(apply_all(operations, values)).view(-1, channels)

    ends = level_of(torch.tensor([[source.smallest], [source.largest]]).expand(2, channels))
    directions = torch.where(ends[1] >= ends[0], 1, -1)
    # In direction * x, every channel rises from its start; the result is the first integer that reaches the level.
    start = torch.where(directions > 0, source.smallest, -source.largest)
    low = start.expand(len(levels), channels)
    count = source.largest - source.smallest + 1
    high = low + count
    for _ in range(count.bit_length()):
        middle = (low + high) // 2
        reached = (level_of(directions * middle) >= levels) | (low == high)
        low, high = torch.where(reached, low, middle + 1), torch.where(reached, middle, high)
    return low.T.contiguous().numpy(), directions.numpy()
