"""The same convolutions in torch, from their definitions: for machines without the C kernels, and to check them."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.arithmetic import cyclic, relu_like, wrap
from models.kernels.outputs import Levels, Scale
from models.quantization.accumulators import Accumulator, Overflow

_EXACT_IN_FLOAT = 1 << 24
_LARGEST_ACTIVATION = 255


def convolve(
    activations: NDArray[np.uint8],
    weights: NDArray[np.int8],
    stride: int,
    padding: int,
    accumulator: Accumulator,
    output: Levels | Scale | None,
) -> NDArray[Any]:
    """The folded sums (images, rows, columns, filters) of a convolution; bytes if there is an `output`.

    activations: (images, rows, columns, channels). weights: (filters, rows, columns, channels).
    """
    values = fold(exact_sums(activations, weights, stride, padding), accumulator)
    match output:
        case Levels():
            return output.apply(values).numpy()
        case Scale():
            return output.apply(values, accumulator.value_bits).numpy()
    return values.to(torch.int8 if accumulator.value_bits == 8 else torch.int16).numpy()


def exact_sums(activations: NDArray[np.uint8], weights: NDArray[np.int8], stride: int, padding: int) -> Tensor:
    """The exact sums (images, rows, columns, filters), int64, of a convolution.

    Computed as a matrix product of floats, which is exact: partial sums stay below 2^24 in floats, or 2^53 in doubles.
    """
    filters, *window = weights.shape
    terms = int(np.prod(window))
    largest = _LARGEST_ACTIVATION * int(np.abs(weights.astype(np.int64)).reshape(filters, terms).sum(1).max())
    kind = torch.float32 if largest < _EXACT_IN_FLOAT else torch.float64
    maps = torch.from_numpy(activations).to(kind).permute(0, 3, 1, 2)
    padded = torch.nn.functional.pad(maps, (padding,) * 4)
    # (images, channels, y, x, rows, columns)
    windows = padded.unfold(2, window[0], stride).unfold(3, window[1], stride)
    matrix = windows.permute(0, 2, 3, 4, 5, 1).flatten(3)
    return (matrix @ torch.from_numpy(weights).to(kind).reshape(filters, terms).T).to(torch.int64)


def fold(sums: Tensor, accumulator: Accumulator) -> Tensor:
    """What an accumulator that wraps makes of exact sums."""
    bits, slope = accumulator.value_bits, accumulator.slope
    match accumulator.overflow:
        case Overflow.CYCLIC:
            return cyclic(sums, bits, slope)
        case Overflow.RELU_LIKE:
            return relu_like(sums, bits, slope)
    return wrap(sums, bits)
