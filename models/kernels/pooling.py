"""Max pools in C."""

import numpy as np

from models.integer_network.nodes import Integers, MaxPool
from models.kernels.layouts import LARGEST_BYTE, Array, Compute, channels_last, channels_second, fits_short
from models.kernels.paths import native, threads


def pools(inputs: Integers) -> bool:
    """Whether the pool in C takes such integers: bytes and shorts."""
    return fits_short(inputs)


def max_pool(node: MaxPool, inputs: Integers) -> Compute:
    """The largest integers of a node's windows."""
    kind = np.uint8 if inputs.smallest >= 0 and inputs.largest <= LARGEST_BYTE else np.int16

    def compute(arrays: list[Array]) -> tuple[Array, ...]:
        return (channels_second(pooled(channels_last(arrays[0], kind), node.kernel, node.stride, node.padding)),)

    return compute


def pooled(values: Array, kernel: int, stride: int, padding: int) -> Array:
    """The largest of each window of maps (images, rows, columns, channels): uint8, int16 or float32, C-contiguous."""
    images, *sizes, channels = values.shape
    rows, columns = ((size + 2 * padding - kernel) // stride + 1 for size in sizes)
    out = np.empty((images, rows, columns, channels), values.dtype)
    shape = (images, *sizes, channels, kernel, stride, padding, values.itemsize)
    native.lib.wrap_max_pool(
        native.ffi.new("wrap_max_pool_shape *", shape),
        native.ffi.from_buffer(values),
        native.ffi.from_buffer(out),
        threads(),
    )
    return out
