"""Sums of maps, shortcuts and flattened maps, in C."""

import numpy as np

from models.integer_network.nodes import Flatten, PaddedShortcut, SumPool
from models.kernels.calls import Call
from models.kernels.layouts import Array, channels_second
from models.kernels.paths import native
from models.kernels.tape import Compute, Tape

MapNode = SumPool | PaddedShortcut | Flatten


def on_maps(node: MapNode) -> Compute:
    """The sums, the shortcut or the flattened form of maps whose integers fit 16 bits."""

    def compute(tape: Tape, arrays: list[Array]) -> tuple[Array, ...]:
        maps = tape.bytes_or_shorts(arrays[0])
        match node:
            case SumPool():
                return (_sums(tape, maps),)
            case PaddedShortcut():
                return (_shortcut(tape, maps, node),)
        return (_features(tape, maps),)

    return compute


def _sums(tape: Tape, maps: Array) -> Array:
    images, rows, columns, channels = maps.shape
    sums = tape.empty((images, 1, 1, channels), np.int32)
    shape = native.ffi.new("wrap_sum_pool_shape *", (images, channels, maps.itemsize, rows * columns))
    tape.run(Call("SUM_POOL", shape=shape, input=maps, output=sums))
    return channels_second(sums)


def _shortcut(tape: Tape, maps: Array, node: PaddedShortcut) -> Array:
    images, rows, columns, channels = maps.shape
    kept = [-(-size // node.stride) for size in (rows, columns)]
    out = tape.empty((images, *kept, channels + node.channels), maps.dtype)
    sizes = (images, rows, columns, channels, node.stride, node.channels, maps.itemsize)
    shape = native.ffi.new("wrap_shortcut_shape *", sizes)
    tape.run(Call("SHORTCUT", shape=shape, input=maps, output=out))
    return channels_second(out)


def _features(tape: Tape, maps: Array) -> Array:
    images, channels = len(maps), maps.shape[-1]
    pixels = maps[0].size // channels
    if pixels == 1:
        return maps.reshape(images, channels)
    features = tape.empty((images, channels, pixels), maps.dtype)
    shape = native.ffi.new("wrap_matrices *", (images, pixels, channels, maps.itemsize))
    tape.run(Call("TRANSPOSE", shape=shape, input=maps, output=features))
    return features.reshape(images, -1)
