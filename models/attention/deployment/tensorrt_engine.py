"""Networks as TensorRT engines, where it is installed."""

from collections import Counter
from pathlib import Path
from typing import Any, Literal

import torch

from models.attention.backbones.staged import StagedNetwork
from models.attention.deployment.extras import required
from models.attention.deployment.onnx_file import exported_onnx
from models.attention.deployment.preparation import IMAGES, check_close, expected_outputs, random_images
from models.attention.deployment.report import ExportedFile
from models.files import write_with

_TOLERANCES = {32: 1e-3, 16: 2e-2}
"""TensorRT multiplies in TF32 on its own account, hence ten times that of the other programs."""


def write_engine(
    network: StagedNetwork, path: Path, height: int, width: int, *, precision: Literal[16, 32] = 32
) -> ExportedFile:
    """Builds an engine for this GPU and one image of a fixed size, and checks it before it is put in place.

    Raises ValueError if tensorrt or a GPU is missing, if the engine cannot be built, and if its results differ.
    """
    trt = required("tensorrt")
    if not torch.cuda.is_available():
        raise ValueError("TensorRT needs an NVIDIA GPU, and torch finds none")
    content, layers = _built(trt, exported_onnx(network, height, width), precision)
    images = random_images(1, height, width, seed=1)
    expected = expected_outputs(network, images)
    difference = check_close("TensorRT", _run(trt, content, images, expected), expected, _TOLERANCES[precision])
    write_with(path, lambda temporary: temporary.write_bytes(content))
    return ExportedFile(path, "TensorRT", layers, difference)


def _built(trt: Any, model: bytes, precision: int) -> tuple[bytes, dict[str, int]]:
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


def _run(trt: Any, content: bytes, images: torch.Tensor, like: list[torch.Tensor]) -> list[torch.Tensor]:
    engine = trt.Runtime(trt.Logger(trt.Logger.ERROR)).deserialize_cuda_engine(content)
    context = engine.create_execution_context()
    names = [engine.get_tensor_name(place) for place in range(engine.num_io_tensors)]
    held = {IMAGES: images.cuda()}
    held |= {name: torch.empty(one.shape, device="cuda") for name, one in zip(names[1:], like, strict=True)}
    for name, tensor in held.items():
        context.set_tensor_address(name, tensor.data_ptr())
    stream = torch.cuda.current_stream()
    context.execute_async_v3(stream.cuda_stream)
    stream.synchronize()
    return [held[name].cpu() for name in names[1:]]
