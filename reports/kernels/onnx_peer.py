"""Onnxruntime's convolution of bytes, as a contender."""

import importlib

import numpy as np

from reports.bench.contenders import Call
from reports.kernels.layers import Layer


def onnx_convolution(layer: Layer) -> Call:
    """A QLinearConv on one thread. Raises ImportError if onnx or onnxruntime is not installed."""
    maps, weights = (array.transpose(0, 3, 1, 2) for array in (layer.maps, layer.binary))
    onnx = importlib.import_module("onnx")
    runtime = importlib.import_module("onnxruntime")
    helper, kinds = onnx.helper, onnx.TensorProto
    numbers = {"one": np.float32(1), "scale": np.float32(64), "zero": np.uint8(0), "none": np.int8(0), "w": weights}
    node = helper.make_node(
        "QLinearConv", ["x", "one", "zero", "w", "one", "none", "scale", "zero"], ["y"], pads=[1, 1, 1, 1]
    )
    graph = helper.make_graph(
        [node],
        "convolution",
        [helper.make_tensor_value_info("x", kinds.UINT8, maps.shape)],
        [helper.make_tensor_value_info("y", kinds.UINT8, (1, len(weights), *maps.shape[2:]))],
        [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in numbers.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    given = {"x": np.ascontiguousarray(maps)}
    return lambda: session.run(None, given)
