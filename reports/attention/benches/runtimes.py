"""ONNX files run by other packages: onnxruntime, OpenVINO, TensorRT."""

from functools import partial
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch

from reports.bench.contenders import Call
from reports.bench.memory import resident_growth

_HOW = {
    "onnxruntime": "pip install 'wrapmac[onnx]'",
    "openvino": "pip install 'wrapmac[bench]'",
    "tensorrt": "pip install tensorrt",
}

Shape = tuple[int, ...]


def opened(runtime: str, path: Path, shape: Shape) -> Call:
    """A call that runs a file by this runtime on one thread, on constant inputs of this shape.

    Raises ValueError if the runtime is not installed or refuses the file.
    """
    return {"onnxruntime": _onnxruntime, "openvino": _openvino, "tensorrt": _tensorrt}[runtime](path, shape)


def file_peak(runtime: str, path: Path, shape: Shape) -> int | None:
    """The bytes by which loading a file and running it once raise this process's peak of resident memory."""
    required(runtime)
    return resident_growth(lambda: opened(runtime, path, shape)())


def required(runtime: str) -> Any:
    """The package of this name. Raises ValueError if it is not installed."""
    if find_spec(runtime) is None:
        raise ValueError(f"backend is {runtime!r}, and {runtime} is not installed; {_HOW[runtime]}")
    return import_module(runtime)


def runtime_version(runtime: str) -> str:
    """The version of an installed runtime."""
    return f"{runtime} {metadata.version(runtime)}"


def _onnxruntime(path: Path, shape: Shape) -> Call:
    package = required("onnxruntime")
    options = package.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = package.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    given = {session.get_inputs()[0].name: np.ones(shape, np.float32)}
    return lambda: session.run(None, given)


def _openvino(path: Path, shape: Shape) -> Call:
    package = required("openvino")
    hints = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    request = package.Core().compile_model(str(path), "CPU", hints).create_infer_request()
    return partial(request.infer, [np.ones(shape, np.float32)])


def _tensorrt(path: Path, shape: Shape) -> Call:
    """Half precision, on the GPU that torch uses."""
    package = required("tensorrt")
    if not torch.cuda.is_available():
        raise ValueError("backend is 'tensorrt', and there is no GPU that torch can use; allowed are the others")
    logger = package.Logger(package.Logger.ERROR)
    builder = package.Builder(logger)
    network = builder.create_network(0)
    parser = package.OnnxParser(network, logger)
    if not parser.parse(path.read_bytes()):
        raise ValueError(f"tensorrt refuses the file: {parser.get_error(0)}")
    config = builder.create_builder_config()
    config.set_flag(package.BuilderFlag.FP16)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise ValueError("tensorrt builds no engine from the file")
    runtime = package.Runtime(logger)
    engine = runtime.deserialize_cuda_engine(plan)
    context = engine.create_execution_context()
    tensors = {network.get_input(0).name: torch.ones(shape, device="cuda")}
    result = network.get_output(0)
    tensors[result.name] = torch.empty(tuple(result.shape), device="cuda")
    for name, tensor in tensors.items():
        context.set_tensor_address(name, tensor.data_ptr())
    return partial(_execute, context, (runtime, engine, tensors))


def _execute(context: Any, kept: tuple[Any, ...]) -> None:
    """kept: what has to live as long as the context."""
    context.execute_async_v3(torch.cuda.current_stream().cuda_stream)
