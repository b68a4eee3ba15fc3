"""Convolutions in C: packs the weights and what follows the sums for one kernel, and runs it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.kernels.calls import Call
from models.kernels.geometry import Geometry
from models.kernels.outputs import Levels, Scale
from models.kernels.paths import PATHS, native
from models.kernels.weight_indices import weight_indices
from models.quantization.accumulators import Accumulator, Overflow

_C_TYPES = {"lowest": "uint8_t *", "multiplier": "int16_t *", "bias": "int16_t *"}  # of wrap_finish; else void *


class NativeConvolution:
    """A convolution on one of the C paths. Arguments are those of PackedConvolution, and checked there.

    base: number of values of a weight, 2 or 3. lane_bits: 8 or 16.
    """

    def __init__(
        self,
        weights: NDArray[np.int8],
        geometry: Geometry,
        accumulator: Accumulator,
        output: Levels | Scale | None,
        *,
        base: int,
        lane_bits: int,
        path: str,
    ) -> None:
        described = native.ffi.new(
            "wrap_shape *",
            {
                "filters": geometry.filters,
                "channels": geometry.channels,
                "kernel_rows": geometry.kernel_rows,
                "kernel_columns": geometry.kernel_columns,
            },
        )
        self._kernel = native.lib.wrap_choose(PATHS.index(path), base, lane_bits, described)
        indices, padded_filters = weight_indices(weights, self._kernel, base)
        self._indices = native.ffi.from_buffer("uint8_t[]", indices)
        self._finish = self._described_finish(accumulator, output, lane_bits, padded_filters)

    def call(self, activations: NDArray[np.uint8], out: NDArray[Any], described: Any) -> Call:
        """The call that writes the output of C-contiguous activations to `out`. described: by native_shape."""
        return Call(
            "CONVOLVE",
            owner=self,
            number=self._kernel,
            shape=described,
            input=activations,
            second=self._indices,
            finish=self._finish,
            output=out,
        )

    def _described_finish(
        self, accumulator: Accumulator, output: Levels | Scale | None, lane_bits: int, padded_filters: int
    ) -> Any:
        finish = native.ffi.new("wrap_finish *")
        finish.bits = accumulator.value_bits
        finish.slope = slope_of(accumulator)
        finish.one_sided = accumulator.overflow is Overflow.RELU_LIKE
        arrays: dict[str, NDArray[Any]] = {}
        if isinstance(output, Levels):
            arrays = output.arrays(np.int8 if lane_bits == 8 else np.int16, padded_filters)
            finish.levels = output.thresholds.shape[1]
        elif isinstance(output, Scale):
            layout = native.lib.wrap_layout_of(self._kernel)
            arrays = output.arrays(padded_filters, layout.lanes if layout.interleaved else 0)
            finish.shift, finish.largest = output.shift, output.largest
        for name, array in arrays.items():
            setattr(finish, name, native.ffi.cast(_C_TYPES.get(name, "void *"), array.ctypes.data))
        self._finish_arrays = arrays  # C points into them
        return finish


def native_shape(geometry: Geometry, activations: tuple[int, ...]) -> Any:
    """A convolution as wrap_shape. activations: (images, rows, columns, channels)."""
    _, out_rows, out_columns, filters = geometry.output_shape(activations)
    window = geometry.kernel_rows, geometry.kernel_columns
    return native.ffi.new(
        "wrap_shape *", (*activations, filters, *window, geometry.stride, geometry.padding, out_rows, out_columns)
    )


def slope_of(accumulator: Accumulator) -> int:
    """The slope of the cyclic function, 0 for none; clipped where a larger one makes no difference."""
    if accumulator.overflow is Overflow.WRAP:
        return 0
    return min(accumulator.slope, (1 << (accumulator.value_bits - 1)) - 1)
