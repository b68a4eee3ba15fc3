"""A whole network in integers, between a float stem and a float head, and its file."""

import json
import math
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.files import write_arrays
from models.integer_network.float_operations import FLOAT_OPERATIONS, FloatOperation, Quantize, apply_all
from models.integer_network.nodes import NODES, Add, Integers, Node
from models.quantization.accumulators import Accumulator

VERSION = 1

INPUT = "input"
"""Name of the integers that the stem gives and the core reads."""

_Item = TypeVar("_Item")
_DESCRIPTION = "description"
# Whatever numpy, zipfile and zlib raise on files that are damaged or were never npz files.
_UNREADABLE = (OSError, EOFError, ValueError, TypeError, AttributeError, RuntimeError, zipfile.BadZipFile, zlib.error)
# Whatever torch and Python raise on numbers and arrays of a wrong kind or shape.
_UNFIT = (ValueError, TypeError, AttributeError, IndexError, RuntimeError, OverflowError)


@dataclass(frozen=True, eq=False, kw_only=True)
class IntegerGraph:
    """A trained network as hardware and kernels take it.

    image_shape: (channels, height, width) of the normalised float images. stem: float operations that end with a
    Quantize, whose integers are called `input`. core: nodes in an order in which each reads only `input` and nodes
    before it. head: float operations from the last node's integers, as floats, to the logits (batch, classes).

    Raises ValueError if the parts do not fit each other.
    """

    image_shape: tuple[int, ...]
    stem: tuple[FloatOperation, ...]
    core: tuple[Node, ...]
    head: tuple[FloatOperation, ...]

    def __post_init__(self) -> None:
        shape = self.image_shape
        if len(shape) != 3 or not all(type(extent) is int and extent > 0 for extent in shape):
            raise ValueError(f"image shape is {shape}; it needs three positive integers")
        if not self.stem or not isinstance(self.stem[-1], Quantize):
            raise ValueError("the stem does not end with a Quantize")
        if not self.core:
            raise ValueError("the core has no nodes")
        logits = _shape_after(self.head, self.integers[self.output].shape, "head")
        if len(logits) != 1:
            raise ValueError(f"the head gives the shape {logits}; logits have one axis")

    @property
    def output(self) -> str:
        """The name of the core's last node, which the head reads."""
        return self.core[-1].name

    @cached_property
    def integers(self) -> Mapping[str, Integers]:
        """Shape and range of `input` and of every node's integers, by name."""
        return infer_all(self.image_shape, self.stem, self.core)

    def check_images(self, images: object) -> None:
        """Raises ValueError unless these are finite float images (images, channels, height, width) of its shape."""
        expected = f"a tensor of floats (images, *{tuple(self.image_shape)})"
        if not isinstance(images, Tensor) or not images.is_floating_point():
            found = getattr(images, "dtype", type(images).__name__)
            raise ValueError(f"images are {found}; they need to be {expected}")
        if tuple(images.shape[1:]) != tuple(self.image_shape) or not len(images):
            raise ValueError(f"images have the shape {tuple(images.shape)}; they need to be {expected}")
        smallest, largest = (float(bound) for bound in images.aminmax())
        if not math.isfinite(smallest) or not math.isfinite(largest):
            raise ValueError(f"images hold {smallest} to {largest}; they need to be finite")

    def check_input(self, integers: NDArray[Any]) -> None:
        """Raises ValueError unless `integers` (images, ...) have the shape and the range of what the stem gives."""
        expected = self.integers[INPUT]
        if integers.shape[1:] != expected.shape or not np.issubdtype(integers.dtype, np.integer) or not len(integers):
            found = f"{integers.dtype} of the shape {integers.shape}"
            raise ValueError(f"input is {found}; it needs integers (images, *{expected.shape})")
        smallest, largest = integers.min(), integers.max()
        if smallest < expected.smallest or largest > expected.largest:
            allowed = f"{expected.smallest} to {expected.largest}"
            raise ValueError(f"input holds {smallest} to {largest}; allowed are {allowed}")

    def save(self, path: Path) -> None:
        """Writes the graph as a compressed npz file: its arrays, and a description in JSON."""
        arrays: dict[str, Any] = {}
        description = {
            "version": VERSION,
            "image_shape": self.image_shape,
            **{
                part: [_describe(item, f"{part}.{index}", arrays) for index, item in enumerate(getattr(self, part))]
                for part in ("stem", "core", "head")
            },
        }
        arrays[_DESCRIPTION] = np.array(json.dumps(description))
        write_arrays(path, arrays)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads a graph. Raises ValueError, naming the file, if it is damaged or not such a graph."""
        try:
            with np.load(path, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
        except FileNotFoundError as error:
            raise ValueError(f"{path}: no such file") from error
        except _UNREADABLE as error:
            raise ValueError(f"{path} is damaged, or not an npz file") from error
        try:
            description = json.loads(arrays.pop(_DESCRIPTION).item())
            version = description.pop("version")
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise ValueError(f"{path} is not an exported network") from error
        if version != VERSION:
            raise ValueError(f"{path} has format version {version}; this program reads version {VERSION}")
        try:
            return cls(
                image_shape=tuple(description["image_shape"]),
                stem=tuple(_build(item, FLOAT_OPERATIONS, arrays) for item in description["stem"]),
                core=tuple(_build(item, NODES, arrays) for item in description["core"]),
                head=tuple(_build(item, FLOAT_OPERATIONS, arrays) for item in description["head"]),
            )
        except KeyError as error:
            raise ValueError(f"{path} lacks {error.args[0]!r}, or it is unknown") from error
        except _UNFIT as error:
            raise ValueError(f"{path}: {_first_line(error)}") from error


def infer_all(
    image_shape: tuple[int, ...], stem: tuple[FloatOperation, ...], core: tuple[Node, ...]
) -> dict[str, Integers]:
    """Shape and range of the stem's integers, called `input`, and of every node's. Raises ValueError for a misfit."""
    quantize = stem[-1]
    assert isinstance(quantize, Quantize)
    found = {INPUT: Integers(_shape_after(stem, image_shape, "stem"), quantize.smallest, quantize.largest)}
    for node in core:
        if node.name in found:
            raise ValueError(f"two nodes are called {node.name!r}")
        if len(node.inputs) != 1 + isinstance(node, Add) or not all(name in found for name in node.inputs):
            raise ValueError(f"node {node.name!r} reads {node.inputs}; not as many as it needs, or not before it")
        try:
            found[node.name] = node.infer(*(found[name] for name in node.inputs))
        except ValueError as error:
            raise ValueError(f"node {node.name!r}: {error}") from error
    return found


def _shape_after(operations: tuple[FloatOperation, ...], shape: tuple[int, ...], part: str) -> tuple[int, ...]:
    try:
        with torch.no_grad():
            return tuple(apply_all(operations, torch.zeros(1, *shape)).shape[1:])
    except _UNFIT as error:
        raise ValueError(f"the {part} does not fit the shape {shape}: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _describe(item: Node | FloatOperation, key: str, arrays: dict[str, Any]) -> dict[str, Any]:
    """An item as JSON; its arrays are put into `arrays` and named there by their keys."""
    description: dict[str, Any] = {"kind": type(item).__name__}
    for field in fields(item):
        value = getattr(item, field.name)
        if isinstance(value, np.ndarray):
            arrays[f"{key}.{field.name}"] = value
            value = {"array": f"{key}.{field.name}"}
        elif isinstance(value, Accumulator):
            value = {"accumulator": asdict(value)}
        description[field.name] = value
    return description


def _build(description: dict[str, Any], kinds: Mapping[str, type[_Item]], arrays: dict[str, NDArray[Any]]) -> _Item:
    values = dict(description)
    kind = kinds[values.pop("kind")]
    for name, value in values.items():
        if isinstance(value, dict) and "array" in value:
            values[name] = arrays[value["array"]]
        elif isinstance(value, dict):
            values[name] = Accumulator(**value["accumulator"])
        elif isinstance(value, list):
            values[name] = tuple(value)
    return kind(**values)
