"""Float operations as ONNX operators."""

from collections.abc import Sequence

import numpy as np

from models.integer_network.float_operations import (
    FloatAveragePool,
    FloatBatchNorm,
    FloatConvolution,
    FloatFlatten,
    FloatLinear,
    FloatMaxPool,
    FloatOperation,
    FloatRelu,
    FloatScale,
    Quantize,
)
from models.integer_network.onnx.model import OnnxModel, window


def write_floats(model: OnnxModel, operations: Sequence[FloatOperation], value: str, *, axes: int) -> str:
    """Adds operations in order; returns the result's name. axes: of the first input, without images.

    Raises ValueError for an operation without ONNX form.
    """
    for operation in operations:
        value = _write(model, operation, value, axes)
    return value


def _write(model: OnnxModel, operation: FloatOperation, value: str, axes: int) -> str:
    match operation:
        case FloatConvolution():
            return model.operator(
                "Conv", _weighted(model, operation, value), **window(operation.stride, operation.padding)
            )
        case FloatLinear():
            return model.operator("Gemm", _weighted(model, operation, value), transB=1)
        case FloatScale():
            factors = operation.factors.reshape(-1, *[1] * (axes - 1))  # scales come before maps are flattened
            return model.operator("Mul", [value, model.constant(factors)])
        case FloatBatchNorm():
            arrays = operation.gain, operation.offset, operation.mean, operation.variance
            inputs = [value, *map(model.constant, arrays)]
            return model.operator("BatchNormalization", inputs, epsilon=operation.epsilon)
        case FloatRelu():
            return model.operator("Relu", [value])
        case FloatMaxPool():
            sizes = window(operation.stride, operation.padding)
            return model.operator("MaxPool", [value], kernel_shape=[operation.kernel] * 2, **sizes)
        case FloatAveragePool():
            return model.operator("GlobalAveragePool", [value])
        case FloatFlatten():
            return model.operator("Flatten", [value])
        case Quantize():
            limits = [model.constant(np.float32(limit)) for limit in (operation.smallest, operation.largest)]
            scaled = model.operator("Div", [value, model.constant(np.float32(operation.step))])
            return model.operator("Round", [model.operator("Clip", [scaled, *limits])])
    raise ValueError(f"{type(operation).__name__} has no ONNX form")


def _weighted(model: OnnxModel, operation: FloatConvolution | FloatLinear, value: str) -> list[str]:
    inputs = [value, model.constant(operation.weights)]
    if operation.bias is not None:
        inputs.append(model.constant(operation.bias))
    return inputs
