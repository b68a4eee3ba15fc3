"""One trained layer in integers, with activations that held-out images give it, and its npz file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from models.files import write_arrays
from models.integer_network.arrays import read_arrays

VERSION = 1

_ARRAYS = {"weights": 4, "activations": 4, "scale": 1, "offset": 1}  # with their numbers of axes
_NUMBERS = {
    "weight_bits": range(1, 17),
    "activation_bits": range(1, 17),
    "accumulator_bits": range(2, 65),
    "slope": range(1, 1 << 63),
    "padding": range(1 << 15),
}


@dataclass(frozen=True)
class LayerExport:
    """A convolution in integers, with the activations that held-out images give it.

    weights: (out channels, in channels, height, width), signed; 1-bit weights are -1 and +1.
    activations: the layer's input maps, (images, in channels, height, width), unsigned.
    scale, offset: (out channels,), weight scale, step size and batch norm in one; the block's output is
        relu(scale * c + offset), where c is the cyclic activation of the sum.
    weight_bits, activation_bits, accumulator_bits, slope: integers. padding: zeros around a map, in pixels.

    Raises ValueError, naming the field and its value, for fields out of range or that do not fit each other.
    """

    weights: Tensor
    activations: Tensor
    scale: Tensor
    offset: Tensor
    weight_bits: int
    activation_bits: int
    accumulator_bits: int
    slope: int
    padding: int

    def __post_init__(self) -> None:
        for name, allowed in _NUMBERS.items():
            value = getattr(self, name)
            if type(value) is not int or value not in allowed:
                raise ValueError(f"{name} is {value!r}; allowed are the integers {allowed[0]} to {allowed.stop - 1}")
        for name, axes in _ARRAYS.items():
            _check_array(name, getattr(self, name), axes)
        self._check_shapes()
        self._check_ranges()

    def _check_shapes(self) -> None:
        channels, inputs, *kernel = self.weights.shape
        _, given, *sizes = self.activations.shape
        if inputs != given:
            raise ValueError(f"weights take {inputs} channels, but activations have {given}")
        if len(self.scale) != channels or len(self.offset) != channels:
            raise ValueError(f"scale and offset have {len(self.scale)} and {len(self.offset)} entries, not {channels}")
        if any(size + 2 * self.padding < extent for size, extent in zip(sizes, kernel, strict=True)):
            raise ValueError(f"a kernel of {tuple(kernel)} does not fit maps of {tuple(sizes)}")

    def _check_ranges(self) -> None:
        largest = (1 << self.activation_bits) - 1
        if self.activations.min() < 0 or self.activations.max() > largest:
            raise ValueError(f"activations lie outside 0 to {largest}, the range of {self.activation_bits} bits")
        half = 1 << (self.weight_bits - 1)
        if self.weight_bits == 1:
            if not ((self.weights == 1) | (self.weights == -1)).all():
                raise ValueError("weights of 1 bit are -1 or +1; these have other values")
        elif self.weights.min() < -half or self.weights.max() >= half:
            raise ValueError(f"weights lie outside {-half} to {half - 1}, the range of {self.weight_bits} bits")

    @property
    def dot_length(self) -> int:
        """Terms of one dot product."""
        return self.weights[0].numel()

    def dot_products(self, count: int, seed: int) -> tuple[Tensor, Tensor]:
        """`count` of the layer's dot products, drawn at random: activations and weights, each (count, dot_length)."""
        generator = torch.Generator().manual_seed(seed)
        kernel = self.weights.shape[2:]
        patches = nn.functional.unfold(self.activations.float(), kernel, padding=self.padding).transpose(1, 2)
        patches = patches.reshape(-1, self.dot_length)  # (images * positions, dot_length), exact: small integers
        patch = torch.randint(len(patches), (count,), generator=generator)
        channel = torch.randint(len(self.weights), (count,), generator=generator)
        return patches[patch].long(), self.weights.flatten(1)[channel].long()

    def save(self, path: Path) -> None:
        """Writes the layer to a compressed npz file."""
        content = {name: getattr(self, name).numpy(force=True) for name in _ARRAYS}
        content |= {name: getattr(self, name) for name in _NUMBERS}
        write_arrays(path, {"version": VERSION, **content})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads a layer. Raises ValueError, naming the file, if it is damaged or not an exported layer."""
        stored = read_arrays(path)
        try:
            content = {name: stored[name] for name in (*_ARRAYS, *_NUMBERS)}
            version = stored["version"].tolist()
        except KeyError as error:
            raise ValueError(f"{path} is not an exported layer: it lacks {error.args[0]!r}") from error
        if version != VERSION:
            raise ValueError(f"{path} has format version {version}; this program reads version {VERSION}")
        numbers = {name: content.pop(name).tolist() for name in _NUMBERS}
        try:
            fields: dict[str, Any] = {name: _tensor(array) for name, array in content.items()} | numbers
            return cls(**fields)
        except (ValueError, TypeError) as error:
            raise ValueError(f"{path}: {error}") from error


def _check_array(name: str, array: Tensor, axes: int) -> None:
    if array.dim() != axes or array.numel() == 0:
        raise ValueError(f"{name} has the shape {tuple(array.shape)}; it needs {axes} axes and content")
    if array.is_floating_point() == (axes == 4) or array.dtype == torch.bool:
        raise ValueError(f"{name} has the type {array.dtype}; it needs {'integers' if axes == 4 else 'floats'}")


def _tensor(array: np.ndarray[Any, Any]) -> Tensor:
    """An array as a tensor; integers, of any width and byte order, as int64."""
    if np.issubdtype(array.dtype, np.integer):
        return torch.from_numpy(array.astype(np.int64))
    return torch.from_numpy(array.astype(array.dtype.newbyteorder("=")))
