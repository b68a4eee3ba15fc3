"""Convolutions and fully connected layers of exported networks, on the kernels."""

import numpy as np

from models.integer_network.nodes import Convolution, Integers, Linear, Threshold, WeightedNode
from models.kernels.convolution import PackedConvolution, takes
from models.kernels.geometry import MOST_KERNEL_ROWS
from models.kernels.layouts import LARGEST_BYTE, Array, Compute, channels_last, channels_second
from models.kernels.outputs import Levels


def suits_kernels(node: WeightedNode, inputs: Integers) -> bool:
    """Whether the kernels take this node: its weights, its accumulator and its activations."""
    return (
        isinstance(node, Convolution | Linear)
        and node.weights.min() >= -1
        and node.weights.max() <= 1
        and takes(node.accumulator)
        and max(node.weights.shape[2:], default=1) <= MOST_KERNEL_ROWS
        and inputs.smallest >= 0
        and inputs.largest <= LARGEST_BYTE
    )


def gives_bytes(node: Threshold) -> bool:
    """Whether bytes hold all levels, so that a layer can compute them from its sums."""
    return node.lowest >= 0 and node.lowest + node.thresholds.shape[1] <= LARGEST_BYTE


def weighted(node: WeightedNode, threshold: Threshold | None, path: str) -> Compute:
    """The sums of a node, or the levels of the threshold after it, on a path of the kernels."""
    output = Levels(threshold.thresholds, threshold.directions, threshold.lowest) if threshold else None
    weights = node.weights.reshape(*node.weights.shape[:2], *(node.weights.shape[2:] or (1, 1)))
    stride, padding = (node.stride, node.padding) if isinstance(node, Convolution) else (1, 0)
    layer = PackedConvolution(
        np.ascontiguousarray(weights.transpose(0, 2, 3, 1), dtype=np.int8),
        node.accumulator,
        stride=stride,
        padding=padding,
        output=output,
        path=path,
    )

    def compute(inputs: list[Array]) -> tuple[Array, ...]:
        given = channels_last(inputs[0], np.uint8)
        found = layer(given if given.ndim == 4 else given[:, np.newaxis, np.newaxis])
        return (channels_second(found if given.ndim == 4 else found[:, 0, 0]),)

    return compute
