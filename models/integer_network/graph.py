"""A whole network in integers, between a float stem and a float head."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.integer_network.core import INPUT, Core, shape_after
from models.integer_network.file import naming, read_parts, write_parts
from models.integer_network.float_operations import FloatOperation
from models.integer_network.nodes import Integers, Node


@dataclass(frozen=True, eq=False, kw_only=True)
class IntegerGraph:
    """A trained network for hardware and kernels.

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
        if not self.core:
            raise ValueError("the core has no nodes")
        logits = shape_after(self.head, self.integers[self.output].shape, "head")
        if len(logits) != 1:
            raise ValueError(f"the head gives the shape {logits}; logits have one axis")

    @property
    def output(self) -> str:
        """The name of the core's last node, which the head reads."""
        return self.core[-1].name

    @cached_property
    def integers(self) -> Mapping[str, Integers]:
        """Shape and range of `input` and of every node's integers, by name."""
        core = Core(self.image_shape, self.stem)
        for node in self.core:
            core.add(node)
        return core.integers

    def as_float32(self, images: object) -> Tensor:
        """Images as float32 on the CPU.

        Raises ValueError unless they are finite floats (images, channels, height, width) of the graph's shape, dense,
        of any width and on any device that holds numbers.
        """
        expected = f"a tensor of floats (images, *{tuple(self.image_shape)})"
        if not isinstance(images, Tensor) or not images.is_floating_point():
            found = getattr(images, "dtype", type(images).__name__)
            raise ValueError(f"images are {found}; they need to be {expected}")
        if images.is_nested or images.layout is not torch.strided or images.is_meta:
            raise ValueError(f"images are {images.layout} on {images.device}; they need to be dense, on a device")
        if tuple(images.shape[1:]) != tuple(self.image_shape) or not len(images):
            raise ValueError(f"images have the shape {tuple(images.shape)}; they need to be {expected}")
        converted = images.detach().to("cpu", torch.float32)
        smallest, largest = (float(bound) for bound in converted.aminmax())
        if not math.isfinite(smallest) or not math.isfinite(largest):
            raise ValueError(f"images hold {smallest} to {largest}; they need to be finite")
        return converted

    def check_input(self, integers: object) -> NDArray[Any]:
        """Returns `integers`, an array (images, ...).

        Raises ValueError unless they have the shape and the range of the stem's integers.
        """
        expected = self.integers[INPUT]
        if not isinstance(integers, np.ndarray):
            raise ValueError(f"input is {type(integers).__name__}; it needs an array of integers")
        if integers.shape[1:] != expected.shape or not np.issubdtype(integers.dtype, np.integer) or not len(integers):
            found = f"{integers.dtype} of the shape {integers.shape}"
            raise ValueError(f"input is {found}; it needs integers (images, *{expected.shape})")
        smallest, largest = integers.min(), integers.max()
        if smallest < expected.smallest or largest > expected.largest:
            allowed = f"{expected.smallest} to {expected.largest}"
            raise ValueError(f"input holds {smallest} to {largest}; allowed are {allowed}")
        return integers

    def save(self, path: Path) -> None:
        """Writes the graph to a compressed npz file."""
        write_parts(path, self.image_shape, stem=self.stem, core=self.core, head=self.head)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads a graph. Raises ValueError, naming the file, if it is damaged, foreign or holds no such graph."""
        parts = read_parts(path)
        with naming(path):
            return cls(**parts)
