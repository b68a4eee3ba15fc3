"""ONNX files run by other packages: onnxruntime, OpenVINO, TensorRT."""

from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from models.attention.deployment.tensorrt_engine import Engine, built_engine
from models.extras import required
from reports.bench.contenders import Call
from reports.bench.memory import resident_growth

_EXTRAS = {"onnxruntime": "onnx", "openvino": "bench"}

Shape = tuple[int, ...]
Array = NDArray[Any]


def opened(runtime: str, path: Path, shape: Shape, threads: int = 1) -> Call:
    """A call that runs a file by this runtime, on constant inputs of this shape. threads: of the processor.

    Raises ValueError if the runtime is not installed or refuses the file.
    """
    return {"onnxruntime": _onnxruntime, "openvino": _openvino, "tensorrt": _tensorrt}[runtime](path, shape, threads)


def file_peak(runtime: str, path: Path, shape: Shape) -> int | None:
    """The bytes by which loading a file and running it once raise this process's peak of resident memory."""
    runtime_package(runtime)  # its own memory does not count
    return resident_growth(lambda: opened(runtime, path, shape)())


def runtime_package(runtime: str) -> Any:
    """The package of this name. Raises ValueError, naming what to install, if it is missing."""
    return required(runtime, _EXTRAS.get(runtime))


def runtime_version(runtime: str) -> str:
    """The version of an installed runtime."""
    return f"{runtime} {metadata.version(runtime)}"


def _onnxruntime(path: Path, shape: Shape, threads: int) -> Call:
    package = runtime_package("onnxruntime")
    options = package.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = package.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    given = {session.get_inputs()[0].name: np.ones(shape, np.float32)}
    return lambda: session.run(None, given)


def _openvino(path: Path, shape: Shape, threads: int) -> Call:
    return opened_by_openvino(path.read_bytes(), np.ones(shape, np.float32), threads)


def opened_by_openvino(model: bytes, given: Array, threads: int = 1) -> Call:
    """A call that runs an ONNX model by OpenVINO in its fastest form, on this input.

    Raises ValueError if OpenVINO is not installed.
    """
    package = runtime_package("openvino")
    hints = {
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "INFERENCE_PRECISION_HINT": "f32",  # of what is not in bytes
        "PERFORMANCE_HINT": "LATENCY",
    }
    core = package.Core()
    request = core.compile_model(core.read_model(model), "CPU", hints).create_infer_request()
    return partial(request.infer, [given])


def _tensorrt(path: Path, shape: Shape, threads: int) -> Call:
    """Half precision, on the GPU that torch uses."""
    del threads
    content, _ = built_engine(path.read_bytes(), 16)
    return Engine(content, torch.ones(shape))
