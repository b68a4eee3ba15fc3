"""Whole exported networks on the kernels."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.kernels.convolution import MOST_KERNEL_ROWS, PackedConvolution
from models.kernels.outputs import Levels
from models.wrapnet.float_operations import apply_all
from models.wrapnet.integer_evaluator import evaluate_node
from models.wrapnet.integer_graph import INPUT, IntegerGraph
from models.wrapnet.integer_nodes import Convolution, Integers, Linear, Node, Threshold, WeightedNode

_Array = NDArray[Any]

_LARGEST_BYTE = 255
_LARGEST_TABLE = 1 << 12  # values of a channel


class IntegerNetwork:
    """An exported network whose layers of low-bit weights run on the kernels.

    source: the file that `wrapmac export` wrote, or its graph. path: of the kernels, see `chosen_path`. fused:
    thresholds are part of the convolution before them. Stem and head run in torch; so do, in integers, layers that
    the kernels do not take: other weights, exact sums, carries, activations below 0. Raises ValueError, naming the
    file, if it cannot be read.
    """

    def __init__(self, source: Path | str | IntegerGraph, *, path: str | None = None, fused: bool = True) -> None:
        self.graph = source if isinstance(source, IntegerGraph) else IntegerGraph.load(Path(source))
        self.on_kernels: list[str] = []
        """Names of the nodes that the kernels compute, alone or with the thresholds after them."""
        self._steps = self._plan(path, fused)

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        """Logits (images, classes) of normalised float images (images, channels, height, width)."""
        integers = apply_all(self.graph.stem, images).long().numpy(force=True)
        return apply_all(self.graph.head, torch.from_numpy(self.core(integers)[self.graph.output]).float())

    def core(self, integers: _Array) -> dict[str, _Array]:
        """The integers of `input` and all nodes, by name, (images, ...), from the stem's integers.

        Nodes that are fused with the thresholds after them are left out. Raises ValueError for other integers than
        the stem gives.
        """
        self.graph.check_input(integers)
        values = {INPUT: integers}
        for name, inputs, compute in self._steps:
            values[name] = compute([values[one] for one in inputs])
        return values

    def _plan(self, path: str | None, fused: bool) -> list[tuple[str, Sequence[str], Callable[[list[_Array]], _Array]]]:
        """Steps in order: what each is called and reads, and what computes it."""
        readers = Counter(name for node in self.graph.core for name in node.inputs)
        thresholds = {
            node.inputs[0]: node for node in self.graph.core if isinstance(node, Threshold) and _gives_bytes(node)
        }
        steps: list[tuple[str, Sequence[str], Callable[[list[_Array]], _Array]]] = []
        done = set()
        for node in self.graph.core:
            if node.name in done:
                continue
            if not isinstance(node, WeightedNode) or not _suits(node, self.graph.integers[node.inputs[0]]):
                steps.append((node.name, node.inputs, _without_kernels(node, self.graph.integers[node.inputs[0]])))
                continue
            next_node = thresholds.get(node.name) if fused and readers[node.name] == 1 else None
            self.on_kernels.append(node.name)
            last = next_node or node
            done.add(last.name)
            steps.append((last.name, node.inputs, _with_kernels(node, next_node, path)))
        return steps


def _suits(node: WeightedNode, inputs: Integers) -> bool:
    """Whether the kernels take this node: its weights, its accumulator and its activations."""
    return (
        isinstance(node, Convolution | Linear)
        and bool((np.abs(node.weights) <= 1).all())
        and node.accumulator.overflow in ("wrap", "cyclic", "relu-like")
        and node.accumulator.packing != "carries"
        and node.accumulator.value_bits <= 16
        and max(node.weights.shape[2:], default=1) <= MOST_KERNEL_ROWS
        and inputs.smallest >= 0
        and inputs.largest <= _LARGEST_BYTE
    )


def _gives_bytes(node: Threshold) -> bool:
    return node.lowest >= 0 and node.lowest + node.thresholds.shape[1] <= _LARGEST_BYTE


def _with_kernels(
    node: WeightedNode, threshold: Threshold | None, path: str | None
) -> Callable[[list[_Array]], _Array]:
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

    def compute(inputs: list[_Array]) -> _Array:
        # Maps are (images, channels, rows, columns) to all nodes, but lie in memory as the kernels take them.
        maps = inputs[0] if inputs[0].ndim == 4 else inputs[0][:, :, np.newaxis, np.newaxis]
        found = layer(np.ascontiguousarray(maps.transpose(0, 2, 3, 1), dtype=np.uint8)).transpose(0, 3, 1, 2)
        return found.reshape(found.shape[:2]) if inputs[0].ndim == 2 else found

    return compute


def _without_kernels(node: Node, inputs: Integers) -> Callable[[list[_Array]], _Array]:
    if isinstance(node, Threshold) and inputs.largest - inputs.smallest < _LARGEST_TABLE:
        return _with_table(node, inputs)
    return lambda arrays: evaluate_node(node, [values.astype(np.int64) for values in arrays])


def _with_table(node: Threshold, inputs: Integers) -> Callable[[list[_Array]], _Array]:
    """Thresholds by a table of all values for each channel."""
    channels = len(node.thresholds)
    every = np.arange(inputs.smallest, inputs.largest + 1)
    levels = evaluate_node(node, [np.tile(every, (1, channels, 1))])[0].astype(np.int32)
    starts = np.arange(channels, dtype=np.int32) * len(every) - inputs.smallest

    def compute(arrays: list[_Array]) -> _Array:
        last = np.moveaxis(arrays[0], 1, -1)  # channels
        return np.moveaxis(levels.ravel()[last + starts], -1, 1)

    return compute
