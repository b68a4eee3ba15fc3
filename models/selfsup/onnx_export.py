"""A trained encoder as ONNX."""

from pathlib import Path

import numpy as np
from torch import nn

from models.extras import required
from models.files import write_bytes
from models.integer_network.onnx.model import OnnxModel
from models.selfsup.operations import FEATURES, IMAGES, Operation, operations_of, tensors_of


def export_encoder_onnx(encoder: nn.Module, image_shape: tuple[int, int, int], features_dim: int, path: Path) -> None:
    """Writes an encoder as ONNX of opset 18: `images`, normalised, of any number, to `features`, both float32.

    Raises ValueError if onnx is not installed or the encoder has no such form.
    """
    operations = operations_of(encoder)
    tensors = tensors_of(encoder, operations)
    model = OnnxModel(required("onnx.helper", "onnx"))
    names = {IMAGES: IMAGES}
    for operation in operations:
        constants = [model.constant(tensors[name].numpy()) for name in operation.tensors]
        names[operation.result] = _write(model, operation, [names[name] for name in operation.inputs], constants)
    images = model.tensor(IMAGES, np.float32, image_shape)
    content = model.build("encoder", [images], [model.tensor(FEATURES, np.float32, (features_dim,))])
    write_bytes(path, content.SerializeToString())


def _write(model: OnnxModel, operation: Operation, inputs: list[str], constants: list[str]) -> str:
    """Adds an operation; returns the name of its result."""
    result = FEATURES if operation.result == FEATURES else None
    arguments = operation.arguments
    match operation.function:
        case "conv2d":
            shape = {"strides": arguments["stride"], "pads": arguments["padding"] * 2}
            others = {"dilations": arguments["dilation"], "group": arguments["groups"]}
            return model.operator("Conv", inputs + constants, result=result, **shape, **others)
        case "batch_norm":
            mean, variance, gain, offset = constants
            values = [*inputs, gain, offset, mean, variance]
            return model.operator("BatchNormalization", values, result=result, epsilon=arguments["eps"])
        case "linear":
            return model.operator("Gemm", inputs + constants, result=result, transB=1)
        case "max_pool2d":
            kernel, stride, padding = (_pair(arguments[name]) for name in ("kernel_size", "stride", "padding"))
            shape = {"kernel_shape": kernel, "strides": stride, "pads": padding * 2}
            return model.operator("MaxPool", inputs, result=result, **shape)
        case "adaptive_avg_pool2d" if _pair(arguments["output_size"]) == [1, 1]:
            return model.operator("GlobalAveragePool", inputs, result=result)
        case "mean":
            return model.operator("Flatten", [model.operator("GlobalAveragePool", inputs)], result=result)
        case "flatten":
            return model.operator("Flatten", inputs, result=result, axis=arguments["start_dim"])
        case "relu" | "add":
            return model.operator(operation.function.capitalize(), inputs, result=result)
    raise ValueError(f"{operation.function} of the encoder has no ONNX form")


def _pair(value: int | list[int]) -> list[int]:
    return [value, value] if isinstance(value, int) else value
