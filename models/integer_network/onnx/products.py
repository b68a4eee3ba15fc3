"""Sums of products as ONNX operators: true ones, and those of accumulators that share machine words."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.integer_network.nodes import Convolution, Integers, Linear
from models.integer_network.onnx.model import OnnxModel, window

_ZERO_POINT = 128

_Weighted = Convolution | Linear


def write_sums(model: OnnxModel, node: _Weighted, source: Integers) -> str:
    """Adds a node's true sums, int32; returns their name. source: shape and range of its input.

    Raises ValueError if activations or weights do not fit 8 bits.
    """
    return _write_products(model, node, node.inputs[0], _write_weights(model, node, node.weights), source)


def write_packed_sums(model: OnnxModel, node: _Weighted, source: Integers) -> str:
    """Adds a node's sums plus the carries that reach them, less `carry_mean`: int32, not wrapped yet.

    A lane's sum is that of all terms, with weights of 0 in all other lanes. source, errors: as for write_sums.
    """
    lanes = node.accumulator.word_bits // node.accumulator.bits
    period = model.number(1 << node.accumulator.bits, np.int64)
    zero = model.number(_ZERO_POINT, np.uint8)
    operands = _operands(model, node, source)
    carry = moved = total = model.number(0, np.int64)
    for lane in range(lanes):
        chosen = model.constant(_lane_members(node, lane, lanes))
        sums, *negatives = (
            model.cast(
                _write_products(model, node, factor, model.operator("Where", [chosen, weights, zero]), limits),
                np.int64,
            )
            for factor, weights, limits in operands
        )
        total = model.operator("Add", [total, sums])
        if lane == lanes - 1:
            break  # the top lane's carries are lost
        unsigned = model.operator("Add", [sums, carry])
        for count in negatives:
            unsigned = model.operator("Add", [unsigned, model.operator("Mul", [count, period])])
        carry = model.operator("Div", [unsigned, period])
        moved = model.operator("Add", [moved, carry])
    mean = model.constant(np.asarray(node.carry_mean).astype(np.int64))
    result = model.operator("Sub", [model.operator("Add", [total, moved]), mean])
    return model.cast(result, np.int32)


def _operands(model: OnnxModel, node: _Weighted, source: Integers) -> list[tuple[str, str, Integers]]:
    """Factors, weights and the factors' range: of the products, then of those that count the negative products.

    A product is negative if activation and weight have opposite signs.
    """
    value, signs = node.inputs[0], Integers(source.shape, 0, 1)
    operands = [(value, _write_weights(model, node, node.weights), source)]
    for sign in (1, -1) if source.smallest < 0 else (1,):
        operands.append((_write_sign(model, value, sign), _write_weights(model, node, node.weights * -sign > 0), signs))
    return operands


def _lane_members(node: _Weighted, lane: int, lanes: int) -> NDArray[Any]:
    """Which of a node's terms lie in a lane, shaped to meet its weights."""
    members = (np.arange(node.weights[0].size) % lanes == lane).reshape(node.weights.shape[1:])
    return np.expand_dims(members, 1) if isinstance(node, Linear) else members


def _write_weights(model: OnnxModel, node: _Weighted, weights: NDArray[Any]) -> str:
    """Adds a node's weights, or others of their shape, in the layout that its operator takes."""
    largest = int(np.abs(weights.astype(np.int64)).max())
    if largest >= _ZERO_POINT:
        raise ValueError(f"node {node.name!r} has weights up to {largest}; ConvInteger and MatMulInteger take 8 bits")
    # Unsigned weights around a zero point: signed ones saturate in the engines' kernels for some processors.
    shifted = (weights.astype(np.int16) + _ZERO_POINT).astype(np.uint8)
    return model.constant(shifted.T if isinstance(node, Linear) else shifted)


def _write_products(model: OnnxModel, node: _Weighted, value: str, weights: str, limits: Integers) -> str:
    """Adds sums of products, int32. limits: the range of the value."""
    kind: type[np.integer[Any]] = np.int8 if limits.smallest < 0 else np.uint8
    if limits.smallest < np.iinfo(kind).min or limits.largest > np.iinfo(kind).max:
        raise ValueError(
            f"node {node.name!r} multiplies activations {limits.smallest} to {limits.largest}; ConvInteger and "
            "MatMulInteger take 8 bits"
        )
    zero_point = node.zero_point if isinstance(node, Convolution) else 0
    operands = [model.cast(value, kind), weights, model.number(zero_point, kind), model.number(_ZERO_POINT, np.uint8)]
    if isinstance(node, Linear):
        return model.operator("MatMulInteger", operands)
    return model.operator("ConvInteger", operands, **window(node.stride, node.padding))


def _write_sign(model: OnnxModel, value: str, sign: int) -> str:
    """Adds 1 where a value has this sign and 0 elsewhere, int32."""
    compare = "Greater" if sign > 0 else "Less"
    return model.cast(model.operator(compare, [value, model.number(0)]), np.int32)
