"""Onnxruntime's and OpenVINO's convolutions of bytes, as contenders: each in the form that it runs fastest."""

import importlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reports.bench.contenders import Call
from reports.bench.runtimes import opened_by_openvino
from reports.kernels.layers import Layer

_SCALE = 64  # of the sums that become one level


def onnx_convolution(layer: Layer) -> Call:
    """A QLinearConv on one thread. Raises ImportError if onnx or onnxruntime is not installed."""
    runtime = importlib.import_module("onnxruntime")
    node = ("QLinearConv", ["x", "one", "zero", "w", "one", "none", "scale", "zero"], "y")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(_model(layer, [node]), options, providers=["CPUExecutionProvider"])
    given = {"x": _maps(layer)}
    return lambda: session.run(None, given)


def openvino_convolution(layer: Layer) -> Call:
    """A Conv between DequantizeLinear and QuantizeLinear, which OpenVINO runs in bytes, on one thread.

    Raises ImportError if onnx or openvino is not installed.
    """
    importlib.import_module("openvino")
    nodes = [
        ("DequantizeLinear", ["x", "one", "zero"], "activations"),
        ("DequantizeLinear", ["w", "one", "none"], "weights"),
        ("Conv", ["activations", "weights"], "sums"),
        ("QuantizeLinear", ["sums", "scale", "zero"], "y"),
    ]
    return opened_by_openvino(_model(layer, nodes), _maps(layer))


def _maps(layer: Layer) -> NDArray[np.uint8]:
    return np.ascontiguousarray(layer.maps.transpose(0, 3, 1, 2))


def _model(layer: Layer, nodes: list[tuple[str, list[str], str]]) -> bytes:
    """An ONNX model from the bytes `x` to the bytes `y`: nodes by operator, inputs and output."""
    onnx = importlib.import_module("onnx")
    helper, kinds = onnx.helper, onnx.TensorProto
    maps, weights = _maps(layer), layer.binary.transpose(0, 3, 1, 2)
    numbers: dict[str, Any] = {
        "one": np.float32(1),
        "scale": np.float32(_SCALE),
        "zero": np.uint8(0),
        "none": np.int8(0),
        "w": weights,
    }
    graph = helper.make_graph(
        [
            helper.make_node(operator, inputs, [output], **({"pads": [1] * 4} if "Conv" in operator else {}))
            for operator, inputs, output in nodes
        ],
        "convolution",
        [helper.make_tensor_value_info("x", kinds.UINT8, maps.shape)],
        [helper.make_tensor_value_info("y", kinds.UINT8, (1, len(weights), *maps.shape[2:]))],
        [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in numbers.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    serialised: bytes = model.SerializeToString()
    return serialised
