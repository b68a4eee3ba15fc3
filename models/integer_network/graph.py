"""A whole network in integers, from pixels to scores, or between a float stem and a float head."""

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

from models.integer_network.core import INPUT, LARGEST_PIXEL, Core, pixel_integers, shape_after, stem_integers
from models.integer_network.file import naming, read_parts, write_parts
from models.integer_network.float_operations import FloatOperation, apply_all
from models.integer_network.nodes import Integers, Node


@dataclass(frozen=True, eq=False, kw_only=True)
class IntegerGraph:
    """A trained network for hardware and kernels.

    image_shape: (channels, height, width) of the images. core: nodes in an order in which each reads only `input` and
    nodes before it. white: the largest pixel of uint8 images, if these are `input` themselves. stem: without `white`,
    float operations on normalised float images that end with a Quantize, whose integers are `input`. head: float
    operations from the last node's integers, as floats, to the logits (batch, classes); without any, the last node's
    integers are the scores. classes: their names, if they are known.

    Raises ValueError if the parts do not fit each other.
    """

    image_shape: tuple[int, ...]
    stem: tuple[FloatOperation, ...] = ()
    core: tuple[Node, ...]
    head: tuple[FloatOperation, ...] = ()
    white: int | None = None
    classes: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        shape = self.image_shape
        if len(shape) != 3 or not all(type(extent) is int and extent > 0 for extent in shape):
            raise ValueError(f"image shape is {shape}; it needs three positive integers")
        if not self.core:
            raise ValueError("the core has no nodes")
        if self.stem and self.white is not None:
            raise ValueError("the core reads pixels, and yet there is a float stem")
        count = self.class_count
        if self.classes is not None:
            if not all(isinstance(name, str) for name in self.classes):
                raise ValueError("the names of the classes are no text")
            if len(self.classes) != count:
                raise ValueError(f"{len(self.classes)} classes are named; the network tells {count} apart")

    @property
    def integer(self) -> bool:
        """Whether there are no floats from the pixels to the scores."""
        return self.white is not None and not self.head

    @cached_property
    def class_count(self) -> int:
        """How many classes the network tells apart."""
        logits = shape_after(self.head, self.integers[self.output].shape, "head")
        if len(logits) != 1:
            raise ValueError(f"the head gives the shape {logits}; logits have one axis")
        return logits[0]

    @property
    def output(self) -> str:
        """The name of the core's last node, which the head reads."""
        return self.core[-1].name

    @cached_property
    def integers(self) -> Mapping[str, Integers]:
        """Shape and range of `input` and of every node's integers, by name."""
        given = (
            stem_integers(self.image_shape, self.stem)
            if self.white is None
            else pixel_integers(self.image_shape, self.white)
        )
        core = Core(given)
        for node in self.core:
            core.add(node)
        return core.integers

    @torch.no_grad()
    def input_of(self, images: object) -> NDArray[Any]:
        """The integers (images, ...) that the core reads.

        images: pixels, see `as_pixels`, or where there is a stem, normalised floats, see `as_float32`.
        """
        if self.white is not None:
            return self.as_pixels(images)
        return apply_all(self.stem, self.as_float32(images)).long().numpy()

    @torch.no_grad()
    def result_of(self, outputs: NDArray[Any]) -> Tensor:
        """Logits (images, classes), float32, from the last node's integers; or without floats, these: int32 scores."""
        integers = torch.from_numpy(outputs)
        return integers.int() if self.integer else apply_all(self.head, integers.float())

    def as_pixels(self, images: object) -> NDArray[np.uint8]:
        """Images as an array on the CPU.

        Raises ValueError unless they are uint8 (images, channels, height, width) of the graph's shape, an array or a
        tensor, dense, of pixels up to `white`.
        """
        expected = f"uint8 (images, *{tuple(self.image_shape)})"
        if not isinstance(images, Tensor | np.ndarray) or images.dtype not in (torch.uint8, np.dtype(np.uint8)):
            found = getattr(images, "dtype", type(images).__name__)
            raise ValueError(f"images are {found}; they need to be {expected}")
        array = _dense(images, expected).numpy(force=True) if isinstance(images, Tensor) else images
        if tuple(array.shape[1:]) != tuple(self.image_shape) or not len(array):
            raise ValueError(f"images have the shape {tuple(array.shape)}; they need to be {expected}")
        if self.white != LARGEST_PIXEL and array.max() > (self.white or 0):
            raise ValueError(f"images hold pixels up to {array.max()}; white is {self.white}")
        return array

    def as_float32(self, images: object) -> Tensor:
        """Images as float32 on the CPU.

        Raises ValueError unless they are finite floats (images, channels, height, width) of the graph's shape, dense,
        of any width and on any device that holds numbers.
        """
        expected = f"a tensor of floats (images, *{tuple(self.image_shape)})"
        if not isinstance(images, Tensor) or not images.is_floating_point():
            found = getattr(images, "dtype", type(images).__name__)
            raise ValueError(f"images are {found}; they need to be {expected}")
        _dense(images, expected)
        if tuple(images.shape[1:]) != tuple(self.image_shape) or not len(images):
            raise ValueError(f"images have the shape {tuple(images.shape)}; they need to be {expected}")
        converted = images.detach().to("cpu", torch.float32)
        smallest, largest = (float(bound) for bound in converted.aminmax())
        if not math.isfinite(smallest) or not math.isfinite(largest):
            raise ValueError(f"images hold {smallest} to {largest}; they need to be finite")
        return converted

    def check_input(self, integers: object) -> NDArray[Any]:
        """Returns `integers`, an array (images, ...).

        Raises ValueError unless they have the shape and the range of `input`.
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
        facts = {
            "image_shape": self.image_shape,
            "white": self.white,
            "classes": self.classes,
            "integer": self.integer,
        }
        write_parts(path, facts, stem=self.stem, core=self.core, head=self.head)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads a graph. Raises ValueError, naming the file, if it is damaged, foreign or holds no such graph."""
        parts = read_parts(path)
        with naming(path):
            return cls(**parts)


def _dense(images: Tensor, expected: str) -> Tensor:
    if images.is_nested or images.layout is not torch.strided or images.is_meta:
        raise ValueError(
            f"images are {images.layout} on {images.device}; they need to be {expected}, dense, on a device"
        )
    return images
