"""Integer export of one trained layer, as hardware and kernels take it."""

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from models.files import write_arrays
from models.quantization.layers import QuantConv2d
from models.quantization.straight_through import quantized_activations
from models.quantization.weight_quantizers import uniform_weights

VERSION = 1

_ARRAYS = ("weights", "activations", "scale", "offset")
_NUMBERS = {
    "weight_bits": range(1, 17),
    "activation_bits": range(1, 17),
    "accumulator_bits": range(2, 65),
    "slope": range(1, 1 << 63),
    "padding": range(1 << 15),
}
# Whatever numpy, zipfile and zlib raise on files that are damaged or were never npz files.
_UNREADABLE = (OSError, EOFError, ValueError, TypeError, AttributeError, RuntimeError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True)
class LayerExport:
    """A convolution in integers, with the activations that held-out images give it.

    weights: (out channels, in channels, height, width), signed; of 1 bit: -1 and +1.
    activations: the layer's input maps, (images, in channels, height, width), unsigned.
    scale, offset: (out channels,); the block's output is relu(scale * c + offset), where c is the cyclic activation of
        the sum: weight scale, step size and batch norm are folded into them.
    weight_bits, activation_bits, accumulator_bits, slope: integers. padding: zeros around a map, in pixels.
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
        for name, axes in (("weights", 4), ("activations", 4), ("scale", 1), ("offset", 1)):
            array: Tensor = getattr(self, name)
            if array.dim() != axes or array.numel() == 0:
                raise ValueError(f"{name} has the shape {tuple(array.shape)}; it needs {axes} axes and content")
            if array.is_floating_point() == (axes == 4) or array.dtype == torch.bool:
                raise ValueError(f"{name} has the type {array.dtype}; it needs {'integers' if axes == 4 else 'floats'}")
        channels, inputs, *kernel = self.weights.shape
        if inputs != self.activations.shape[1]:
            raise ValueError(f"weights take {inputs} channels, but activations have {self.activations.shape[1]}")
        if len(self.scale) != channels or len(self.offset) != channels:
            raise ValueError(f"scale and offset have {len(self.scale)} and {len(self.offset)} entries, not {channels}")
        if any(
            size + 2 * self.padding < extent for size, extent in zip(self.activations.shape[2:], kernel, strict=True)
        ):
            raise ValueError(f"a kernel of {tuple(kernel)} does not fit maps of {tuple(self.activations.shape[2:])}")
        largest = (1 << self.activation_bits) - 1
        if self.activations.min() < 0 or self.activations.max() > largest:
            raise ValueError(f"activations lie outside 0 to {largest}, what {self.activation_bits} bits hold")
        half = 1 << (self.weight_bits - 1)
        if self.weight_bits == 1:
            if not ((self.weights == 1) | (self.weights == -1)).all():
                raise ValueError("weights of 1 bit are -1 or +1; these have other values")
        elif self.weights.min() < -half or self.weights.max() >= half:
            raise ValueError(f"weights lie outside {-half} to {half - 1}, what {self.weight_bits} bits hold")

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
        """Writes the layer as a compressed npz file."""
        content = {name: getattr(self, name).numpy(force=True) for name in _ARRAYS}
        content |= {name: getattr(self, name) for name in _NUMBERS}
        write_arrays(path, {"version": VERSION, **content})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads a layer. Raises ValueError, naming the file, if it is damaged or not such an export."""
        try:
            with np.load(path, allow_pickle=False) as stored:
                content = {name: stored[name] for name in ("version", *_ARRAYS, *_NUMBERS)}
            version = content.pop("version").tolist()
        except FileNotFoundError as error:
            raise ValueError(f"{path}: no such file") from error
        except KeyError as error:
            raise ValueError(f"{path} is not an exported layer: {error.args[0]}") from error
        except _UNREADABLE as error:
            raise ValueError(f"{path} is damaged, or not an npz file") from error
        if version != VERSION:
            raise ValueError(f"{path} has format version {version}; this program reads version {VERSION}")
        numbers = {name: content.pop(name).tolist() for name in _NUMBERS}
        try:
            fields: dict[str, Any] = {name: _tensor(array) for name, array in content.items()} | numbers
            return cls(**fields)
        except (ValueError, TypeError) as error:
            raise ValueError(f"{path}: {error}") from error


def _tensor(array: np.ndarray[Any, Any]) -> Tensor:
    """An array as a tensor; integers, of any width and byte order, as int64."""
    if np.issubdtype(array.dtype, np.integer):
        return torch.from_numpy(array.astype(np.int64))
    return torch.from_numpy(array.astype(array.dtype.newbyteorder("=")))


@torch.no_grad()
def export_layer(network: nn.Module, block: str, images: Tensor) -> LayerExport:
    """The quantized convolution of `network`'s block `block`, as trained, with its inputs on `images`."""
    layer, norm, inputs = _run_to(network, block, images)
    weights, weight_scale = layer.quantized_weight()
    sum_scale = weight_scale * layer.activation.step
    bits = layer.weight_format.bits, layer.activation.bits
    return _fold(layer, norm, weights, layer.activation(inputs), sum_scale, *bits)


@torch.no_grad()
def export_layer_at(
    network: nn.Module, block: str, images: Tensor, weight_bits: int, activation_bits: int
) -> LayerExport:
    """The same layer with its latent weights and its float inputs quantized to other widths, uniformly.

    The trained network is not meant to run like this. It gives units with wider multipliers operands as real as
    those of the units it was trained for.
    """
    layer, norm, inputs = _run_to(network, block, images)
    weights, weight_scale = uniform_weights(layer.weight, weight_bits)
    largest = torch.tensor(float((1 << activation_bits) - 1))
    step = inputs.amax() / largest
    activations = quantized_activations(inputs, step, torch.zeros(()), largest)
    return _fold(layer, norm, weights, activations, weight_scale * step, weight_bits, activation_bits)


def _run_to(network: nn.Module, block: str, images: Tensor) -> tuple[QuantConv2d, nn.BatchNorm2d, Tensor]:
    """A block's convolution and norm, and the convolution's float inputs on `images`."""
    layer = network.get_submodule(f"{block}.convolution")
    norm = network.get_submodule(f"{block}.norm")
    if not isinstance(layer, QuantConv2d) or not isinstance(norm, nn.BatchNorm2d):
        raise ValueError(f"block {block!r} is not a quantized convolution with batch norm")
    seen: list[Tensor] = []
    hook = layer.register_forward_pre_hook(lambda _layer, arguments: seen.append(arguments[0]))
    try:
        network.eval()(images)
    finally:
        hook.remove()
    return layer, norm, seen[0]


def _fold(
    layer: QuantConv2d,
    norm: nn.BatchNorm2d,
    weights: Tensor,
    activations: Tensor,
    sum_scale: Tensor,
    weight_bits: int,
    activation_bits: int,
) -> LayerExport:
    mean, variance = norm.running_mean, norm.running_var
    if mean is None or variance is None or isinstance(layer.padding, str):
        raise ValueError("a layer to export needs batch norm with running statistics, and padding in pixels")
    gain = norm.weight / torch.sqrt(variance + norm.eps)
    return LayerExport(
        weights=weights.to(torch.int16),
        activations=activations.to(torch.int32),
        scale=sum_scale * gain,
        offset=norm.bias - mean * gain,
        weight_bits=weight_bits,
        activation_bits=activation_bits,
        accumulator_bits=layer.accumulator.bits,
        slope=layer.accumulator.slope,
        padding=layer.padding[0],
    )
