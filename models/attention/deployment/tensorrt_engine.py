"""Networks as TensorRT engines, where it is installed."""

from collections import Counter
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from models.attention.backbones.staged import StagedNetwork
from models.attention.deployment.onnx_file import exported_onnx
from models.attention.deployment.preparation import IMAGES, check_close, expected_outputs, random_images
from models.attention.deployment.report import ExportedFile
from models.extras import required
from models.files import write_bytes

Precision = Literal[16, 32]

_TOLERANCES: dict[Precision, float] = {32: 1e-3, 16: 2e-2}
"""TensorRT multiplies in TF32 on its own account, hence ten times that of the other programs."""


def write_engine(
    network: StagedNetwork, path: Path, height: int, width: int, *, precision: Precision = 32
) -> ExportedFile:
    """Builds an engine for this GPU and one image of a fixed size, and checks it before it is put in place.

    Raises ValueError if tensorrt or a GPU is missing, if the engine cannot be built, and if its results differ.
    """
    content, layers = built_engine(exported_onnx(network, height, width), precision)
    images = random_images(1, height, width, seed=1)
    engine = Engine(content, images)
    engine()
    found = [output.cpu() for output in engine.outputs]
    difference = check_close("TensorRT", found, expected_outputs(network, images), _TOLERANCES[precision])
    write_bytes(path, content)
    return ExportedFile(path, "TensorRT", layers, difference)


def built_engine(model: bytes, precision: Precision) -> tuple[bytes, dict[str, int]]:
    """A serialised ONNX model as an engine for this GPU, and its layers by kind.

    Raises ValueError if tensorrt or a GPU is missing, and if the engine cannot be built.
    """
    trt = required("tensorrt")
    if not torch.cuda.is_available():
        raise ValueError("TensorRT needs an NVIDIA GPU, and torch finds none")
    logger = trt.Logger(trt.Logger.ERROR)
    builder = trt.Builder(logger)
    network = builder.create_network(0)
    parser = trt.OnnxParser(network, logger)
    if not parser.parse(model):
        raise ValueError(f"TensorRT does not take the network: {parser.get_error(0).desc()}")
    options = builder.create_builder_config()
    if precision == 16:
        options.set_flag(trt.BuilderFlag.FP16)
    engine = builder.build_serialized_network(network, options)
    if engine is None:
        raise ValueError("TensorRT could not build an engine of the network")
    kinds = Counter(network.get_layer(place).type.name.lower() for place in range(network.num_layers))
    return bytes(engine), dict(kinds)


class Engine:
    """An engine on this GPU. A call starts a run on `images`; `outputs` hold the results when it has finished."""

    def __init__(self, content: bytes, images: Tensor) -> None:
        trt = required("tensorrt")
        self._runtime: Any = trt.Runtime(trt.Logger(trt.Logger.ERROR))  # lives as long as its engine
        self._engine: Any = self._runtime.deserialize_cuda_engine(content)
        self._context: Any = self._engine.create_execution_context()
        self._images = images.cuda()
        names = [self._engine.get_tensor_name(place) for place in range(self._engine.num_io_tensors)]
        shapes = {name: tuple(self._engine.get_tensor_shape(name)) for name in names if name != IMAGES}
        outputs = {name: torch.empty(shape, device="cuda") for name, shape in shapes.items()}
        for name, tensor in {IMAGES: self._images, **outputs}.items():
            self._context.set_tensor_address(name, tensor.data_ptr())
        self.outputs = list(outputs.values())

    def __call__(self) -> None:
        self._context.execute_async_v3(torch.cuda.current_stream().cuda_stream)
