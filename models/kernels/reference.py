"""The same layers in torch, from the definitions: for machines without the C kernels, and to check them."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.arithmetic import cyclic, relu_like, wrap
from models.quantization.accumulators import Accumulator

_EXACT_IN_FLOAT = 1 << 24
_LARGEST_ACTIVATION = 255


def exact_sums(activations: NDArray[np.uint8], weights: NDArray[np.int8], stride: int, padding: int) -> Tensor:
    """True sums (images, rows, columns, filters), int64, of a convolution.

    activations: (images, rows, columns, channels). weights: (filters, rows, columns, channels). As a product of
    matrices of floats, which are exact here: no partial sum reaches 2^24 in floats, or 2^53 in doubles.
    """
    filters, *window = weights.shape
    terms = int(np.prod(window))
    kind = torch.float32 if terms * _LARGEST_ACTIVATION < _EXACT_IN_FLOAT else torch.float64
    maps = torch.from_numpy(activations).to(kind).permute(0, 3, 1, 2)
    padded = torch.nn.functional.pad(maps, (padding,) * 4)
    windows = padded.unfold(2, window[0], stride).unfold(
        3, window[1], stride
    )  # (images, channels, y, x, rows, columns)
    matrix = windows.permute(0, 2, 3, 4, 5, 1).flatten(3)
    return (matrix @ torch.from_numpy(weights).to(kind).reshape(filters, terms).T).to(torch.int64)


def fold(sums: Tensor, accumulator: Accumulator) -> Tensor:
    """What an accumulator that wraps makes of true sums."""
    bits, slope = accumulator.value_bits, accumulator.slope
    match accumulator.overflow:
        case "cyclic":
            return cyclic(sums, bits, slope)
        case "relu-like":
            return relu_like(sums, bits, slope)
    return wrap(sums, bits)
