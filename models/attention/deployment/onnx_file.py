"""Networks as ONNX."""

import contextlib
import io
import logging
import warnings
from collections import Counter
from collections.abc import Iterator
from math import isqrt
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.attention.backbones.staged import StagedNetwork
from models.attention.deployment.extras import check_packages
from models.attention.deployment.preparation import (
    IMAGES,
    check_close,
    expected_outputs,
    output_names,
    random_images,
)
from models.attention.deployment.report import ExportedFile
from models.extras import required
from models.files import write_bytes

_OPSET = 18
_TOLERANCE = 1e-4
_UNSEEN = (1.5, 0.75)
"""Height and width, over those asked for, of the images that a file for all sizes is checked with, too."""


def write_onnx(network: StagedNetwork, path: Path, height: int, width: int, *, dynamic: bool = False) -> ExportedFile:
    """Writes a deployable network as ONNX of opset 18, and checks it in onnxruntime before it is put in place.

    dynamic: batch, height and width are free; the check takes another batch and size and the smallest map, too. Raises
    ValueError for a missing package, and if results differ from torch's by more than 1e-4.
    """
    check_packages(onnx=True, coreml=False, tensorrt=False)
    onnx = required("onnx", "onnx")
    content = exported_onnx(network, height, width, dynamic)
    sizes = [(1, height, width)]
    if dynamic:
        sizes.append((2, max(1, round(height * _UNSEEN[0])), max(1, round(width * _UNSEEN[1]))))
        sizes.append((1, network.strides[-1], network.strides[-1]))
    difference = max(_difference(content, network, size) for size in sizes)
    write_bytes(path, content)
    counts = Counter(node.op_type for node in onnx.load_from_string(content).graph.node)
    return ExportedFile(path, "ONNX", dict(counts), difference)


def exported_onnx(network: StagedNetwork, height: int, width: int, dynamic: bool = False) -> bytes:
    """A serialised ONNX model; see `write_onnx`."""
    if not dynamic:
        return serialised(network, random_images(1, height, width), output_names(network))
    example = random_images(2, *_large_enough(network, height, width))
    return serialised(network, example, output_names(network), free=(0, 2, 3))


def serialised(module: nn.Module, example: Tensor, outputs: list[str], free: tuple[int, ...] = ()) -> bytes:
    """Any module as a serialised ONNX model for inputs of the example's shape; its weights take no gradients.

    outputs: their names. free: axes of the input that may have any size. The same weights and packages give the same
    bytes: what the exporter notes of the source code, paths on this machine included, is left out.
    """
    axes = {axis: torch.export.Dim.DYNAMIC for axis in free}
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), quiet():
        warnings.simplefilter("ignore")
        program: Any = torch.onnx.export(
            module,
            (example,),
            dynamo=True,
            opset_version=_OPSET,
            input_names=[IMAGES],
            output_names=outputs,
            dynamic_shapes=(axes,) if axes else None,
            verbose=False,
        )
    model = program.model_proto
    graph = model.graph
    for noted in (model, graph, *graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer):
        noted.ClearField("metadata_props")
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _large_enough(network: StagedNetwork, height: int, width: int) -> tuple[int, int]:
    """Sides at which all attention has several groups both ways; a count of 1 would be frozen into the graph."""
    sizes = [
        isqrt(value) if name == "length" else value
        for module in network.modules()
        for name in ("length", "window", "stripe", "reduction")
        if isinstance(value := getattr(module, name, None), int)
    ]
    least = (2 * max(sizes, default=1) + 1) * network.strides[-1]
    return max(height, least), max(width, least + network.strides[-1])


def _difference(content: bytes, network: StagedNetwork, size: tuple[int, int, int]) -> float:
    images = random_images(*size, seed=1)
    return check_close("ONNX", run_onnx(content, images), expected_outputs(network, images), _TOLERANCE)


def run_onnx(content: bytes, images: Tensor) -> list[Tensor]:
    """What a model gives in onnxruntime on one thread."""
    runtime = required("onnxruntime", "onnx")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return [torch.from_numpy(output) for output in session.run(None, {IMAGES: images.numpy()})]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Holds back the remarks of exporters."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(disabled)
