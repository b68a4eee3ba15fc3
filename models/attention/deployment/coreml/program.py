"""Reads the functions of a Core ML package: operations in order, values from the specification and its weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from models.extras import required

_DATA = Path("Data", "com.apple.CoreML")
_TYPES: dict[str, np.dtype[Any]] = {
    "FLOAT16": np.dtype("<f2"),
    "FLOAT32": np.dtype("<f4"),
    "INT8": np.dtype("i1"),
    "UINT8": np.dtype("u1"),
    "INT16": np.dtype("<i2"),
    "UINT16": np.dtype("<u2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "BOOL": np.dtype("?"),
}
_BLOB_HEADER = np.dtype([("sentinel", "<u4"), ("type", "<u4"), ("size", "<u8"), ("offset", "<u8")])
_SENTINEL = 0xDEADBEEF

Constant = Tensor | str


@dataclass(frozen=True)
class Name:
    """A value that an earlier operation gives."""

    text: str


@dataclass(frozen=True)
class Operation:
    """kind: as Core ML calls it. arguments: names or constants, several for one of many values. ranks: of outputs."""

    kind: str
    arguments: Mapping[str, tuple[Name | Constant, ...]]
    outputs: tuple[str, ...]
    ranks: tuple[int, ...]


@dataclass(frozen=True)
class Function:
    """inputs, outputs: names. operations: in order."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    operations: tuple[Operation, ...]


def read_functions(package: Path) -> dict[str, Function]:
    """The functions of a package by name. Raises ValueError for a missing package coremltools and damaged weights."""
    specification = required("coremltools.proto.Model_pb2", "coreml").Model()
    specification.ParseFromString((package / _DATA / "model.mlmodel").read_bytes())
    reader = _Reader(package / _DATA)
    return {name: reader.function(function) for name, function in specification.mlProgram.functions.items()}


class _Reader:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.types = required("coremltools.proto.MIL_pb2", "coreml").DataType
        self.blobs: dict[Path, Any] = {}

    def function(self, function: Any) -> Function:
        block = function.block_specializations[function.opset]
        inputs = tuple(one.name for one in function.inputs)
        return Function(inputs, tuple(block.outputs), tuple(self._operation(one) for one in block.operations))

    def _operation(self, operation: Any) -> Operation:
        arguments = {
            name: tuple(
                Name(one.name) if one.WhichOneof("binding") == "name" else self._value(one.value)
                for one in argument.arguments
            )
            for name, argument in operation.inputs.items()
        }
        if operation.type == "const":
            arguments["val"] = (self._value(operation.attributes["val"]),)
        ranks = tuple(one.type.tensorType.rank for one in operation.outputs)
        return Operation(operation.type, arguments, tuple(one.name for one in operation.outputs), ranks)

    def _value(self, value: Any) -> Constant:
        kind = self.types.Name(value.type.tensorType.dataType)
        shape = [one.constant.size for one in value.type.tensorType.dimensions]
        if value.WhichOneof("value") == "blobFileValue":
            return _tensor(self._blob(value.blobFileValue), kind, shape)
        tensor = value.immediateValue.tensor
        stored = tensor.WhichOneof("value")
        if stored == "strings":
            return str(tensor.strings.values[0])
        if stored == "bytes":
            return _tensor(np.frombuffer(tensor.bytes.values, np.uint8), kind, shape)
        values = getattr(tensor, stored).values if stored else []
        return torch.from_numpy(np.array(values, _TYPES[kind]).reshape(shape))

    def _blob(self, place: Any) -> Any:
        path = self.folder / "weights" / Path(place.fileName).name
        if path not in self.blobs:
            self.blobs[path] = np.memmap(path, np.uint8, "r")
        bytes_ = self.blobs[path]
        header = bytes_[place.offset : place.offset + _BLOB_HEADER.itemsize].view(_BLOB_HEADER)[0]
        if header["sentinel"] != _SENTINEL:
            raise ValueError(f"{path} has no weights at byte {place.offset}")
        return bytes_[int(header["offset"]) : int(header["offset"] + header["size"])]


def _tensor(content: Any, kind: str, shape: list[int]) -> Tensor:
    return torch.from_numpy(np.array(content).view(_TYPES[kind]).reshape(shape).copy())
