"""ONNX files of other packages' networks, and what is in a file."""

import hashlib
import warnings
from pathlib import Path

import torch
from torch import nn

from models.extras import required

_OPSET = 17  # the first with layer norms


def write_traced(module: nn.Module, inputs: torch.Tensor, path: Path) -> None:
    """Writes a model by torch's older exporter, for inputs of this shape alone; its weights take no gradients.

    Networks of timm are up to a fifth slower in onnxruntime by the exporter that ours take.
    """
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
    """How many reshapes and transposes a file has. Raises ValueError if onnx is not installed."""
    graph = required("onnx", "onnx").load(str(path), load_external_data=False).graph
    kinds = [node.op_type for node in graph.node]
    return {"reshapes": kinds.count("Reshape"), "transposes": kinds.count("Transpose")}
