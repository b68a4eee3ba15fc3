"""Which steps compute an exported network: what the kernels take, and what is fused with what."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.integer_network.evaluator import evaluate_node
from models.integer_network.graph import IntegerGraph
from models.integer_network.nodes import (
    Add,
    Convolution,
    Integers,
    Linear,
    Node,
    Relu,
    Requantize,
    Threshold,
    WeightedNode,
)
from models.kernels.convolution import MOST_KERNEL_ROWS, PackedConvolution
from models.kernels.outputs import Levels
from models.kernels.paths import PATHS, chosen_path
from models.kernels.stream import (
    Array,
    Compute,
    StepSizes,
    channels_last,
    channels_second,
    exact_step,
    fits_short,
    joined,
    stepped,
    tabulated,
    tabulates,
)

_LARGEST_BYTE = 255


@dataclass(frozen=True)
class Step:
    """Computes what the nodes `names` give from what the nodes `inputs` gave."""

    names: Sequence[str]
    inputs: Sequence[str]
    compute: Compute


class Plan:
    """The steps of a graph, in order. path: of the kernels; fused: nodes with one reader may be computed with it.

    A convolution takes thresholds to bytes with it; a sum of two branches takes the thresholds of one of them, the ReLU
    after it, and coarser steps of its result. Steps that are the same are taken once.
    """

    def __init__(self, graph: IntegerGraph, path: str | None, fused: bool) -> None:
        self.steps: list[Step] = []
        self.on_kernels: list[str] = []
        """Weighted nodes that the kernels compute."""
        self._graph, self._path, self._fused = graph, chosen_path(path), fused
        self._native = self._path != PATHS[-1]
        self._readers: dict[str, list[Node]] = {node.name: [] for node in graph.core}
        for node in graph.core:
            for name in node.inputs:
                if name in self._readers:
                    self._readers[name].append(node)  # twice, where it adds a node to itself
        self._waiting: dict[str, Threshold] = {}  # by the name of the sum that takes them along
        self._same: dict[str, str] = {}  # nodes that are the same as earlier ones
        self._taken: dict[tuple[str, StepSizes], str] = {}  # coarser steps: the node, by what it reads
        done: set[str] = set()
        for node in graph.core:
            step = None if node.name in done else self._step(node)
            if step:
                self.steps.append(replace(step, inputs=[self._same.get(name, name) for name in step.inputs]))
                done.update(step.names)

    def _step(self, node: Node) -> Step | None:
        """The step that begins with a node; None if it becomes part of a later one, or equals an earlier one."""
        given = self._graph.integers[node.inputs[0]]
        if isinstance(node, WeightedNode) and _suits(node, given):
            return self._weighted(node)
        if isinstance(node, Threshold) and tabulates(node, given):
            return self._threshold(node, given)
        if node.name in self._waiting:
            return self._sum(node, self._waiting[node.name])
        sizes = exact_step(node, given) if self._native and isinstance(node, Requantize) else None
        if sizes is None:
            return Step([node.name], node.inputs, _in_numpy(node))
        return self._coarser(node, sizes)

    def _coarser(self, node: Node, sizes: StepSizes) -> Step | None:
        known = self._taken.setdefault((node.inputs[0], sizes), node.name)
        if known == node.name or not self._fused or node.name == self._graph.output:
            return Step([node.name], node.inputs, stepped(sizes))
        self._same[node.name] = known
        return None

    def _weighted(self, node: WeightedNode) -> Step:
        self.on_kernels.append(node.name)
        reader = self._only_reader(node)
        threshold = reader if isinstance(reader, Threshold) and _gives_bytes(reader) else None
        return Step([(threshold or node).name], node.inputs, _on_kernels(node, threshold, self._path))

    def _threshold(self, node: Threshold, given: Integers) -> Step | None:
        reader = self._only_reader(node)
        if not self._native:
            return Step([node.name], node.inputs, tabulated(node, given))
        if isinstance(reader, Add) and reader.name not in self._waiting and self._sum_fits(reader):
            self._waiting[reader.name] = node
            return None
        return Step([node.name], node.inputs, joined(node, given))

    def _sum(self, node: Node, threshold: Threshold) -> Step:
        reader = self._only_reader(node)
        relu = reader if isinstance(reader, Relu) else None
        (other,) = (name for name in node.inputs if name != threshold.name)
        last = relu or node
        coarser, sizes = self._coarser_reader(last)
        given = self._graph.integers[threshold.inputs[0]]
        compute = joined(threshold, given, other=True, relu=relu is not None, step=sizes)
        return Step([last.name, *coarser], (*threshold.inputs, other), compute)

    def _coarser_reader(self, node: Node) -> tuple[list[str], StepSizes | None]:
        """The name of a reader that takes coarser steps of a node's integers, and their sizes; no name if none does."""
        for reader in self._readers[node.name]:
            sizes = exact_step(reader, self._graph.integers[node.name]) if isinstance(reader, Requantize) else None
            if sizes is not None:
                self._taken[node.name, sizes] = reader.name
                return [reader.name], sizes
        return [], None

    def _sum_fits(self, node: Add) -> bool:
        return all(fits_short(self._graph.integers[name]) for name in (node.name, *node.inputs))

    def _only_reader(self, node: Node) -> Node | None:
        readers = self._readers[node.name]
        return readers[0] if self._fused and len(readers) == 1 else None


def _suits(node: WeightedNode, inputs: Integers) -> bool:
    """Whether the kernels take this node: its weights, its accumulator and its activations."""
    return (
        isinstance(node, Convolution | Linear)
        and node.weights.min() >= -1
        and node.weights.max() <= 1
        and node.accumulator.overflow in ("wrap", "cyclic", "relu-like")
        and node.accumulator.packing != "carries"
        and node.accumulator.value_bits <= 16
        and max(node.weights.shape[2:], default=1) <= MOST_KERNEL_ROWS
        and inputs.smallest >= 0
        and inputs.largest <= _LARGEST_BYTE
    )


def _gives_bytes(node: Threshold) -> bool:
    return node.lowest >= 0 and node.lowest + node.thresholds.shape[1] <= _LARGEST_BYTE


def _on_kernels(node: WeightedNode, threshold: Threshold | None, path: str) -> Compute:
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


def _in_numpy(node: Node) -> Compute:
    return lambda arrays: (evaluate_node(node, [values.astype(np.int64) for values in arrays]),)
