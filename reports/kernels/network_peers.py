"""Whole networks as a Python user runs them otherwise: in floats and in bytes, by torch, onnxruntime and OpenVINO."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.attention.deployment.onnx_file import quiet, serialised
from models.attention.deployment.preparation import IMAGES
from models.extras import required
from models.files import write_bytes
from reports.bench.contenders import Call
from reports.bench.runtimes import opened
from reports.kernels.torch_network import in_bytes
from reports.kernels.untrained import usual

_ENGINES = ("x86", "onednn")


@torch.no_grad()
def network_peers(name: str, images: Tensor, threads: int, folder: Path, seed: int, openvino: bool) -> dict[str, Call]:
    """The usual network of that name on normalised images, by contender. folder: for ONNX files.

    Torch and onnxruntime quantize it by their own tools, calibrated on the images; OpenVINO runs onnxruntime's file.
    Raises ValueError if a package is not installed.
    """
    plain = usual(name, seed).eval()
    floats, integers = folder / "float.onnx", folder / "int8.onnx"
    _write_files(plain, images, floats, integers)
    channels_last = images.contiguous(memory_format=torch.channels_last)
    found: dict[str, Call] = {
        f"torch int8, {engine}": partial(in_bytes(plain, images, engine), channels_last)
        for engine in _ENGINES
        if engine in torch.backends.quantized.supported_engines
    }
    found["torch float"] = partial(plain.to(memory_format=torch.channels_last), channels_last)  # type: ignore[call-overload]
    shape = tuple(images.shape)
    found["onnxruntime float"] = opened("onnxruntime", floats, shape, threads)
    found["onnxruntime int8"] = opened("onnxruntime", integers, shape, threads)
    if openvino:
        found["OpenVINO int8"] = opened("openvino", integers, shape, threads)
    return found


def fastest_in_bytes(milliseconds: Mapping[str, float]) -> str:
    """The fastest contender that multiplies bytes and is not ours."""
    return min((name for name in milliseconds if "int8" in name), key=milliseconds.__getitem__)


def _write_files(network: nn.Module, images: Tensor, floats: Path, integers: Path) -> None:
    """The network as ONNX in floats, and in bytes with QuantizeLinear and DequantizeLinear."""
    write_bytes(floats, serialised(network, images, ["logits"]))
    quantization = required("onnxruntime.quantization", "onnx")
    prepared = floats.with_name("prepared.onnx")
    with quiet():
        required("onnxruntime.quantization.shape_inference").quant_pre_process(floats, prepared)
        quantization.quantize_static(
            prepared,
            integers,
            _reader(quantization, images),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
        )


def _reader(quantization: Any, images: Tensor) -> Any:
    class Reader(quantization.CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._batches: Iterator[dict[str, Any]] = iter([{IMAGES: images.numpy()}])

        def get_next(self) -> dict[str, Any] | None:
            return next(self._batches, None)

    return Reader()
