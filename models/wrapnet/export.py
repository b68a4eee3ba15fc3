"""Integer export of one trained layer, as hardware and kernels take it."""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from models.training.files import write_with
from models.wrapnet.layers import QuantConv2d
from models.wrapnet.quantizers import binary_weights, quantized_activations, uniform_weights

VERSION = 1

_ARRAYS = {"weights": 4, "activations": 4, "scale": 1, "offset": 1}
_NUMBERS = ("version", "weight_bits", "activation_bits", "accumulator_bits", "slope", "padding")


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
        for name, dimensions in _ARRAYS.items():
            if getattr(self, name).dim() != dimensions or getattr(self, name).numel() == 0:
                raise ValueError(f"{name} has the shape {tuple(getattr(self, name).shape)}; it needs {dimensions} axes")
        for name in ("weights", "activations"):
            if getattr(self, name).is_floating_point():
                raise ValueError(f"{name} has the type {getattr(self, name).dtype}; it needs integers")
        if self.weights.shape[1] != self.activations.shape[1]:
            raise ValueError(
                f"weights take {self.weights.shape[1]} channels, but activations have {self.activations.shape[1]}"
            )
        largest = (1 << self.activation_bits) - 1
        if self.activations.min() < 0 or self.activations.max() > largest:
            raise ValueError(f"activations lie outside 0 to {largest}, what {self.activation_bits} bits hold")
        if self.weight_bits == 1:
            if not (self.weights.abs() == 1).all():
                raise ValueError("weights of 1 bit are -1 or +1; these have other values")
        elif self.weights.abs().max() > 1 << (self.weight_bits - 1):
            raise ValueError(f"weights lie outside what {self.weight_bits} bits hold")

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
        arrays = {name: getattr(self, name).numpy(force=True) for name in _ARRAYS}
        numbers = {name: getattr(self, name) for name in _NUMBERS if name != "version"}
        write_with(path, lambda file: np.savez_compressed(file, version=VERSION, **arrays, **numbers))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads a layer. Raises ValueError, naming the file, if it is damaged or not such an export."""
        try:
            with np.load(path, allow_pickle=False) as stored:
                content = {name: stored[name] for name in (*_ARRAYS, *_NUMBERS)}
        except FileNotFoundError as error:
            raise ValueError(f"{path}: no such file") from error
        except KeyError as error:
            raise ValueError(f"{path} is not an exported layer: {error.args[0]}") from error
        except (OSError, EOFError, ValueError, TypeError, AttributeError, zipfile.BadZipFile, zipfile.error) as error:
            raise ValueError(f"{path} is damaged, or not an npz file") from error
        version = content.pop("version").item()
        if version != VERSION:
            raise ValueError(f"{path} has format version {version}; this program reads version {VERSION}")
        tensors: dict[str, Any] = {name: torch.from_numpy(content[name]) for name in _ARRAYS}
        numbers = {name: content[name].item() for name in _NUMBERS if name in content}
        try:
            return cls(**tensors, **numbers)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error


@torch.no_grad()
def export_layer(network: nn.Module, block: str, images: Tensor) -> LayerExport:
    """The quantized convolution of `network`'s block `block`, as trained, with its inputs on `images`."""
    layer, norm, inputs = _run_to(network, block, images)
    weights, weight_scale = binary_weights(layer.weight)
    activations = quantized_activations(inputs, layer.step, layer.activation_bits)
    return _fold(layer, norm, weights, activations, weight_scale * layer.step, 1, layer.activation_bits)


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
    step = inputs.amax() / ((1 << activation_bits) - 1)
    activations = quantized_activations(inputs, step, activation_bits)
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
