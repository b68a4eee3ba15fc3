"""Accumulators as ONNX operators: the wrap and the cyclic function after it."""

from models.integer_network.nodes import WeightedNode
from models.integer_network.onnx.model import OnnxModel
from models.quantization.accumulators import Accumulator, Overflow

_LARGEST = (1 << 31) - 1
_MOST_BITS = 30


def write_fold(model: OnnxModel, node: WeightedNode, sums: str) -> None:
    """Adds a node's result: its sums, int32, as the node's accumulator leaves them.

    Raises ValueError if 32-bit integers do not hold an intermediate result.
    """
    accumulator = node.accumulator
    if accumulator.overflow is Overflow.EXACT:
        model.operator("Identity", [sums], result=node.name)
        return
    wrapped = _write_wrap(model, accumulator, sums)
    match accumulator.overflow:
        case Overflow.WRAP:
            model.operator("Identity", [wrapped], result=node.name)
        case Overflow.ABSOLUTE:
            model.operator("Abs", [wrapped], result=node.name)
        case Overflow.RELU_LIKE:
            rising = model.operator("Max", [wrapped, model.number(0)])
            model.operator("Min", [rising, _write_falling(model, node, wrapped)], result=node.name)
        case Overflow.CYCLIC:
            magnitude = model.operator("Abs", [wrapped])
            folded = model.operator("Min", [magnitude, _write_falling(model, node, magnitude)])
            negated = model.operator("Neg", [folded])
            is_negative = model.operator("Less", [wrapped, model.number(0)])
            model.operator("Where", [is_negative, negated, folded], result=node.name)


def _write_wrap(model: OnnxModel, accumulator: Accumulator, sums: str) -> str:
    """Adds the sums modulo 2^bits, in two's complement."""
    if accumulator.value_bits > _MOST_BITS:
        raise ValueError(f"accumulators of {accumulator.value_bits} bits; an ONNX export takes up to {_MOST_BITS}")
    half = model.number(1 << (accumulator.value_bits - 1))
    mask = model.number((1 << accumulator.value_bits) - 1)
    kept = model.operator("BitwiseAnd", [model.operator("Add", [sums, half]), mask])
    return model.operator("Sub", [kept, half])


def _write_falling(model: OnnxModel, node: WeightedNode, magnitude: str) -> str:
    """Adds slope * (half - magnitude), which is below the magnitude exactly where the cyclic function falls."""
    half = 1 << (node.accumulator.value_bits - 1)
    slope = min(node.accumulator.slope, half)  # steeper makes no difference to integers
    if 2 * half * slope > _LARGEST:
        raise ValueError(
            f"node {node.name!r} has the slope {slope} and {node.accumulator.value_bits} bits; 32-bit integers "
            "do not hold their product"
        )
    rest = model.operator("Sub", [model.number(half), magnitude])
    return model.operator("Mul", [rest, model.number(slope)])
