"""What becomes of exact sums in C: an accumulator, levels, or both."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.integer_network.nodes.checks import LARGEST_SUM
from models.kernels.geometry import Pool
from models.kernels.native_convolution import slope_of
from models.kernels.paths import native
from models.kernels.scaled_levels import ScaledLevels
from models.quantization.accumulators import Accumulator, Overflow

_FILTERS = 16  # to whose multiple the arrays of a layer are filled up


class WideFinish:
    """wrap_wide_finish in kernels.h, as `described`, with the arrays that it points to.

    offset: (filters,), is subtracted from the sums. output: turns what the accumulator holds into levels. pool: of
    exact sums, whose levels rise with them.
    """

    def __init__(
        self,
        offset: NDArray[np.integer],
        accumulator: Accumulator,
        output: ScaledLevels | None,
        pool: Pool | None = None,
    ) -> None:
        finish = native.ffi.new("wrap_wide_finish *")
        if pool is not None:
            finish.pool_kernel, finish.pool_stride, finish.pool_padding = pool.kernel, pool.stride, pool.padding
        if accumulator.overflow is not Overflow.EXACT:
            finish.bits, finish.slope = accumulator.value_bits, slope_of(accumulator)
            finish.one_sided = accumulator.overflow is Overflow.RELU_LIKE
        arrays: dict[str, NDArray[Any]] = {"offset": offset.astype(np.int32)}
        if output is not None:
            node = output.node
            finish.output_bytes, finish.lowest = output.kind.itemsize, node.lowest
            finish.levels = node.thresholds.shape[1]
            arrays |= {name: getattr(output, name) for name in ("scale", "bias", "least", "largest", "limit")}
            arrays["thresholds"] = node.thresholds.clip(-LARGEST_SUM - 1, LARGEST_SUM).astype(np.int32)
        self._arrays = {name: filled_up(array) for name, array in arrays.items()}
        for name, array in self._arrays.items():
            kind = "float *" if array.dtype == np.float32 else "int32_t *"
            setattr(finish, name, native.ffi.cast(kind, array.ctypes.data))
        self.described = finish


def filled_up(array: NDArray[Any]) -> NDArray[Any]:
    """An array (filters, ...) with zeros for further filters, up to whole blocks."""
    around = ((0, -len(array) % _FILTERS), *[(0, 0)] * (array.ndim - 1))
    return np.ascontiguousarray(np.pad(array, around))
