"""Convolutions and fully connected layers of exported networks, on the kernels."""

import numpy as np
from numpy.typing import NDArray

from models.integer_network.nodes import Convolution, Integers, Linear, MaxPool, Threshold, WeightedNode
from models.kernels.convolution import PackedConvolution, takes
from models.kernels.geometry import MOST_KERNEL_ROWS, Pool
from models.kernels.layouts import LARGEST_BYTE, Array, channels_second
from models.kernels.outputs import Levels
from models.kernels.scaled_levels import ScaledLevels
from models.kernels.tape import Compute, Tape
from models.kernels.wide_convolution import WideConvolution, sums_fit
from models.quantization.accumulators import Overflow


def suits_kernels(node: WeightedNode, inputs: Integers) -> bool:
    """Whether the kernels take this node: its weights, its accumulator and its activations."""
    return (
        _multiplies_bytes(node, inputs)
        and not (isinstance(node, Convolution) and node.zero_point)
        and node.weights.min() >= -1
        and node.weights.max() <= 1
        and takes(node.accumulator)
    )


def suits_wide(node: WeightedNode, inputs: Integers) -> bool:
    """Whether the kernels for exact sums take this node."""
    limits = np.iinfo(np.int8)
    return (
        _multiplies_bytes(node, inputs)
        and node.weights.min() >= limits.min
        and node.weights.max() <= limits.max
        and (node.accumulator.overflow is Overflow.EXACT or takes(node.accumulator))
        and sums_fit(node.weights)
    )


def _multiplies_bytes(node: WeightedNode, inputs: Integers) -> bool:
    """Whether the node's kernel is of a size, and its activations of a range, that kernels take."""
    return (
        isinstance(node, Convolution | Linear)
        and max(node.weights.shape[2:], default=1) <= MOST_KERNEL_ROWS
        and inputs.smallest >= 0
        and inputs.largest <= LARGEST_BYTE
    )


def weighted(node: WeightedNode, threshold: Threshold | None, path: str) -> Compute:
    """The sums of a node, or the levels of the threshold after it, on a path of the kernels."""
    output = Levels(threshold.thresholds, threshold.directions, threshold.lowest) if threshold else None
    stride, padding = _window(node)
    return _on_maps(
        PackedConvolution(
            _channels_last(node), node.accumulator, stride=stride, padding=padding, output=output, path=path
        )
    )


def pools_with(node: WeightedNode, pool: MaxPool) -> bool:
    """Whether the kernels for exact sums also compute this pool of a node's levels."""
    negatable = node.weights.min() > np.iinfo(np.int8).min
    return node.accumulator.overflow is Overflow.EXACT and negatable and pool.kernel <= MOST_KERNEL_ROWS


def wide(node: WeightedNode, levels: ScaledLevels | None, pool: MaxPool | None, path: str) -> Compute:
    """The sums of a node, exact before its accumulator, or the levels of the threshold after it, or of their pool."""
    stride, padding = _window(node)
    weights = _channels_last(node)
    if levels and pool:
        # The largest level is that of the largest sum, once sums are negated where levels fall.
        weights = weights * levels.node.directions.astype(np.int8)[:, None, None, None]
        levels = levels.rising()
    return _on_maps(
        WideConvolution(
            weights,
            node.accumulator,
            stride=stride,
            padding=padding,
            zero_point=node.zero_point if isinstance(node, Convolution) else 0,
            output=levels,
            pool=Pool(pool.kernel, pool.stride, pool.padding) if pool else None,
            path=path,
        )
    )


def _channels_last(node: WeightedNode) -> NDArray[np.int8]:
    weights = node.weights.reshape(*node.weights.shape[:2], *(node.weights.shape[2:] or (1, 1)))
    return np.ascontiguousarray(weights.transpose(0, 2, 3, 1), dtype=np.int8)


def _window(node: WeightedNode) -> tuple[int, int]:
    """Stride and padding."""
    return (node.stride, node.padding) if isinstance(node, Convolution) else (1, 0)


def _on_maps(layer: PackedConvolution | WideConvolution) -> Compute:
    """A layer of maps (images, rows, columns, channels) on maps and features as they are laid out here."""

    def compute(tape: Tape, inputs: list[Array]) -> tuple[Array, ...]:
        given = tape.channels_last(inputs[0], np.uint8)
        found = layer.on_tape(tape, given if given.ndim == 4 else given[:, np.newaxis, np.newaxis])
        return (channels_second(found if given.ndim == 4 else found[:, 0, 0]),)

    return compute
