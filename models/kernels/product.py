"""Matrix products with packed weights."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.kernels.convolution import DEFAULT_ACCUMULATOR, PackedConvolution
from models.kernels.geometry import LARGEST_SIDE
from models.kernels.outputs import Levels, Scale
from models.quantization.accumulators import Accumulator


class PackedProduct:
    """A matrix product of bytes with weights (out, in); everything else as in PackedConvolution."""

    def __init__(
        self,
        weights: NDArray[np.int8],
        accumulator: Accumulator = DEFAULT_ACCUMULATOR,
        *,
        activation_bits: int = 8,
        output: Levels | Scale | None = None,
        path: str | None = None,
    ) -> None:
        if not isinstance(weights, np.ndarray) or weights.ndim != 2:
            raise ValueError("weights need to be an array of int8 with the axes (out, in)")
        self._convolution = PackedConvolution(
            weights[:, None, None, :], accumulator, activation_bits=activation_bits, output=output, path=path
        )

    def __call__(self, activations: NDArray[np.uint8]) -> NDArray[Any]:
        """The folded sums (rows, out) of activations (rows, in)."""
        if not isinstance(activations, np.ndarray) or activations.ndim != 2:
            raise ValueError("activations need to be an array of uint8 with the axes (rows, in)")
        parts = np.split(activations, range(LARGEST_SIDE, len(activations), LARGEST_SIDE))
        found = [self._convolution(part[np.newaxis, np.newaxis])[0, 0] for part in parts]
        return found[0] if len(found) == 1 else np.concatenate(found)
