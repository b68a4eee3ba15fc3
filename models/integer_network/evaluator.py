"""Evaluates an exported network with NumPy, from the definitions, independently of the code that trains it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from torch import Tensor

from models.integer_network.core import INPUT
from models.integer_network.graph import IntegerGraph
from models.integer_network.nodes import (
    Add,
    Convolution,
    Flatten,
    Linear,
    MaxPool,
    Node,
    PaddedShortcut,
    Relu,
    Requantize,
    SumPool,
    Threshold,
    WeightedNode,
)
from models.quantization.accumulators import Accumulator, Overflow

_Array = NDArray[Any]

_CHUNK = 16


class IntegerEvaluator:
    """Evaluates a graph: the core with NumPy on int64, stem and head, if there are any, with torch on floats.

    images: uint8 pixels (images, channels, height, width), or normalised floats where the graph has a stem. All of
    another shape or kind, and floats that are not finite, raise ValueError.
    """

    def __init__(self, graph: IntegerGraph) -> None:
        self.graph = graph

    def core(self, integers: _Array) -> dict[str, _Array]:
        """The integers of `input` and of all nodes, by name: (images, ...), int64, from those of `input`.

        Raises ValueError if these have another shape, or lie outside their range.
        """
        parts = list(_in_chunks(self.graph.core, self.graph.check_input(integers)))
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def integers(self, name: str, images: Tensor) -> _Array:
        """The integers of `input` or of one node, (images, ...), int64. Evaluates no node after it."""
        integers = self.graph.check_input(self.graph.input_of(images))
        names = list(self.graph.integers)
        nodes = self.graph.core[: names.index(name)]
        return np.concatenate([part[name] for part in _in_chunks(nodes, integers)])

    def logits(self, images: Tensor) -> Tensor:
        """Logits (images, classes) on the CPU, float32; or int32 scores, where the graph has no floats."""
        return self.graph.result_of(self.integers(self.graph.output, images))


def _in_chunks(nodes: Sequence[Node], integers: _Array) -> Iterator[Mapping[str, _Array]]:
    """The integers of `input` and of nodes, for a few images at a time."""
    for start in range(0, len(integers), _CHUNK):
        values = {INPUT: integers[start : start + _CHUNK].astype(np.int64)}
        for node in nodes:
            values[node.name] = evaluate_node(node, [values[name] for name in node.inputs])
        yield values


def fold(sums: _Array, accumulator: Accumulator) -> _Array:
    """True sums as the accumulator leaves them: wrapped to its bits, then passed through its cyclic function."""
    if accumulator.overflow is Overflow.EXACT:
        return sums
    period = 1 << accumulator.value_bits
    half = period // 2
    wrapped = (sums + half) % period - half
    match accumulator.overflow:
        case Overflow.WRAP:
            return wrapped
        case Overflow.ABSOLUTE:
            return np.asarray(np.abs(wrapped))
    # Beyond t = slope / (slope + 1) * half, the function falls back to 0 with that slope.
    slope = accumulator.slope
    magnitude = np.abs(wrapped)
    folded = np.where((slope + 1) * magnitude > slope * half, slope * (half - magnitude), magnitude)
    negative = 0 if accumulator.overflow is Overflow.RELU_LIKE else -folded
    return np.where(wrapped < 0, negative, folded)


def packed_sums(terms: _Array, weights: _Array, bits: int, word_bits: int) -> _Array:
    """Sums of products that share machine words, modulo 2^bits: (..., out).

    terms: activations (..., length); weights: (out, length). Product i goes to lane i % lanes of a word, lowest lane
    first, as an unsigned number. All words are added, with carries between lanes, then the lanes, without.
    """
    lanes = word_bits // bits
    word = np.zeros((*terms.shape[:-1], len(weights)), np.uint64)
    for lane in range(lanes):
        activations, factors = terms[..., lane::lanes], weights[:, lane::lanes]
        negatives = _products(activations > 0, factors < 0) + _products(activations < 0, factors > 0)
        unsigned = _products(activations, factors) + (negatives << bits)
        word += unsigned.astype(np.uint64) << np.uint64(bits * lane)
    mask = np.uint64((1 << bits) - 1)
    total = np.zeros_like(word)
    for lane in range(lanes):
        total += (word >> np.uint64(bits * lane)) & mask
    return (total & mask).astype(np.int64)


def evaluate_node(node: Node, inputs: Sequence[_Array]) -> _Array:
    """A node's result, (images, ...), for int64 inputs of its shapes."""
    values = inputs[0]
    match node:
        case Convolution():
            centred = np.pad(values - node.zero_point, _around(node.padding))
            windows = _windows(centred, node.weights.shape[2], node.stride)
            images, _, height, width, *_ = windows.shape
            terms = windows.transpose(0, 2, 3, 1, 4, 5).reshape(images, height * width, -1)
            return _accumulate(node, terms).transpose(0, 2, 1).reshape(images, -1, height, width)
        case Linear():
            return _accumulate(node, values[:, np.newaxis])[:, 0]
        case Threshold():
            return _count_thresholds(node, values)
        case Requantize():
            rounded = (2 * values + node.subdivisions) // (2 * node.subdivisions)
            return rounded.clip(node.smallest, node.largest)
        case Add():
            return values + inputs[1]
        case Relu():
            return np.maximum(values, 0)
        case MaxPool():
            padded = np.pad(values, _around(node.padding), constant_values=np.iinfo(np.int64).min)
            return np.asarray(_windows(padded, node.kernel, node.stride).max((-2, -1)))
        case SumPool():
            return np.asarray(values.sum((-2, -1), keepdims=True))
        case Flatten():
            return values.reshape(len(values), -1)
        case PaddedShortcut():
            kept = values[:, :, :: node.stride, :: node.stride]
            return np.pad(kept, ((0, 0), (0, node.channels), (0, 0), (0, 0)))
    raise ValueError(f"node {node.name!r} is a {type(node).__name__}, which has no evaluation")


def _accumulate(node: WeightedNode, terms: _Array) -> _Array:
    """Accumulators (images, positions, out) for terms (images, positions, length)."""
    weights = node.weights.reshape(len(node.weights), -1).astype(np.int64)
    if node.carry_mean is None:
        return fold(_products(terms, weights), node.accumulator)
    sums = packed_sums(terms, weights, node.accumulator.bits, node.accumulator.word_bits)
    return fold(sums - node.carry_mean.reshape(len(weights), -1).T.astype(np.int64), node.accumulator)


def _products(terms: _Array, weights: _Array) -> _Array:
    """Matrix product of integers: (..., length) and (out, length) to (..., out)."""
    # NumPy multiplies matrices of floats many times faster. The graph bounds all partial sums by 2^31, so doubles hold
    # them exactly, in whatever order they are added.
    return np.asarray(terms.astype(np.float64) @ weights.astype(np.float64).T).astype(np.int64)


def _count_thresholds(node: Threshold, values: _Array) -> _Array:
    levels = np.empty_like(values)
    for channel, (thresholds, direction) in enumerate(zip(node.thresholds, node.directions, strict=True)):
        levels[:, channel] = node.lowest + np.searchsorted(thresholds, direction * values[:, channel], side="right")
    return levels


def _windows(values: _Array, kernel: int, stride: int) -> _Array:
    """All square windows of maps: (images, channels, rows, columns, kernel, kernel)."""
    return sliding_window_view(values, (kernel, kernel), axis=(2, 3))[:, :, ::stride, ::stride]


def _around(padding: int) -> tuple[tuple[int, int], ...]:
    return (0, 0), (0, 0), (padding, padding), (padding, padding)
