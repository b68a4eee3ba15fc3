"""The core's nodes as ONNX operators."""

import numpy as np

from models.integer_network.nodes import (
    Add,
    Convolution,
    Flatten,
    Integers,
    Linear,
    MaxPool,
    Node,
    PaddedShortcut,
    Relu,
    Requantize,
    SumPool,
    Threshold,
)
from models.integer_network.onnx.accumulators import write_fold
from models.integer_network.onnx.model import OnnxModel, window
from models.integer_network.onnx.products import write_packed_sums, write_sums

_LARGEST = (1 << 31) - 1
_LARGEST_FLOAT_INTEGER = 1 << 24


def write_node(model: OnnxModel, node: Node, source: Integers) -> None:
    """Adds a node, whose result has the node's name. source: shape and range of its first input.

    Raises ValueError if the operators do not hold its integers.
    """
    match node:
        case Convolution() | Linear():
            write = write_sums if node.carry_mean is None else write_packed_sums
            write_fold(model, node, write(model, node, source))
        case Threshold():
            _write_threshold(model, node, source)
        case Requantize():
            _write_requantize(model, node)
        case Add():
            model.operator("Add", node.inputs, result=node.name)
        case Relu():
            model.operator("Max", [*node.inputs, model.number(0)], result=node.name)
        case MaxPool():
            _write_pool(model, node, source)
        case SumPool():
            axes = model.constant(np.array([2, 3]))
            model.operator("ReduceSum", [*node.inputs, axes], result=node.name, keepdims=1)
        case Flatten():
            model.operator("Flatten", node.inputs, result=node.name)
        case PaddedShortcut():
            bounds = [[0, 0], [_LARGEST, _LARGEST], [2, 3], [node.stride, node.stride]]
            kept = model.operator("Slice", [*node.inputs, *(model.constant(np.array(bound)) for bound in bounds)])
            around = model.constant(np.array([0, 0, 0, 0, 0, node.channels, 0, 0]))
            model.operator("Pad", [kept, around], result=node.name)
        case _:
            raise ValueError(f"node {node.name!r} is a {type(node).__name__}, which has no ONNX form")


def _write_pool(model: OnnxModel, node: MaxPool, source: Integers) -> None:
    """Pools floats, since MaxPool does not take int32."""
    if max(-source.smallest, source.largest) > _LARGEST_FLOAT_INTEGER:
        raise ValueError(f"node {node.name!r} pools integers up to {source.largest}; floats do not hold them")
    floats = model.cast(node.inputs[0], np.float32)
    pooled = model.operator("MaxPool", [floats], kernel_shape=[node.kernel] * 2, **window(node.stride, node.padding))
    model.operator("Cast", [pooled], result=node.name, to=model.kind(np.int32))


def _write_threshold(model: OnnxModel, node: Threshold, source: Integers) -> None:
    """Counts the thresholds reached by binary search: comparing with all of them at once takes much memory."""
    channels, levels = node.thresholds.shape
    steps = levels.bit_length()
    never = max(-source.smallest, source.largest) + 1
    # One entry per possible count: the last threshold that it takes, or a number that no value reaches.
    table = np.full((channels, 1 << steps), never, np.int64)
    table[:, 1 : levels + 1] = node.thresholds.clip(-never, never)
    flat = model.constant(table.astype(np.int32).reshape(-1))
    shape = (-1, *[1] * (len(source.shape) - 1))
    start = np.arange(channels, dtype=np.int32).reshape(shape) << steps
    directions = model.constant(node.directions.astype(np.int32).reshape(shape))
    directed = model.operator("Mul", [node.inputs[0], directions])
    # Positions in the table: the channel's start plus the count so far.
    position = model.constant(start)
    for step in reversed(range(steps)):
        tried = model.operator("Add", [position, model.number(1 << step)])
        reached = model.operator("GreaterOrEqual", [directed, model.operator("Gather", [flat, tried])])
        position = model.operator("Where", [reached, tried, position])
    offset = model.constant(start - np.int32(node.lowest))
    model.operator("Sub", [position, offset], result=node.name)


def _write_requantize(model: OnnxModel, node: Requantize) -> None:
    unit = node.subdivisions
    limits = [model.number(unit * limit) for limit in (node.smallest, node.largest)]
    clipped = model.operator("Clip", [node.inputs[0], *limits])
    # Division rounds towards 0, so a multiple of the divisor keeps the dividend positive.
    doubled = model.operator("Mul", [clipped, model.number(2)])
    dividend = model.operator("Add", [doubled, model.number(unit - 2 * unit * node.smallest)])
    quotient = model.operator("Div", [dividend, model.number(2 * unit)])
    model.operator("Add", [quotient, model.number(node.smallest)], result=node.name)
