"""Models as ONNX files for the runtimes that are measured, and what is in a file."""

import hashlib
import warnings
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import nn

_OPSET = 17  # the first with layer norms


def write_onnx(module: nn.Module, inputs: torch.Tensor, path: Path) -> None:
    """Writes a model for inputs of this shape alone. Its weights take no gradients."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter's age and of constants that tracing finds
        torch.onnx.export(
            module,
            (inputs,),
            str(path),
            opset_version=_OPSET,
            input_names=["images"],
            output_names=["result"],
            dynamo=False,
        )


def file_digest(path: Path) -> str:
    """SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def operation_counts(path: Path) -> dict[str, int]:
    """How many reshapes and transposes a file has; nothing if onnx is not installed."""
    if find_spec("onnx") is None:
        return {}
    graph = import_module("onnx").load(str(path), load_external_data=False).graph
    kinds = [node.op_type for node in graph.node]
    return {"reshapes": kinds.count("Reshape"), "transposes": kinds.count("Transpose")}
