"""Random layers and nodes for the kernels, and what they should give."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from models.arithmetic import cyclic, relu_like, wrap
from models.integer_network.nodes import Threshold
from models.kernels import Levels, PackedConvolution, Scale
from models.quantization.accumulators import Accumulator


@dataclass
class Case:
    """A layer and its activations."""

    activations: NDArray[np.uint8]
    weights: NDArray[np.int8]
    accumulator: Accumulator
    stride: int
    padding: int
    activation_bits: int
    output: Levels | Scale | None

    def run(self, path: str) -> NDArray[np.generic]:
        """The output of the layer on a path."""
        layer = PackedConvolution(
            self.weights,
            self.accumulator,
            stride=self.stride,
            padding=self.padding,
            activation_bits=self.activation_bits,
            output=self.output,
            path=path,
        )
        return layer(self.activations)

    def expected(self) -> NDArray[np.generic]:
        """The output by torch's convolution of doubles, which hold the sums exactly, and models.arithmetic."""
        maps = torch.from_numpy(self.activations).double().permute(0, 3, 1, 2)
        weights = torch.from_numpy(self.weights).double().permute(0, 3, 1, 2)
        sums = torch.nn.functional.conv2d(maps, weights, stride=self.stride, padding=self.padding)
        values = _folded(sums.permute(0, 2, 3, 1).long(), self.accumulator)
        if self.output is None:
            return values.to(torch.int8 if self.accumulator.bits == 8 else torch.int16).numpy()
        return _bytes(values.numpy(), self.output, self.accumulator.bits)


def random_case(random: Generator) -> Case | None:
    """A layer, or None if its kernel does not fit its maps."""
    window = random.integers(1, 6, 2)
    rows, columns = random.integers(1, 20, 2)
    channels, filters = int(random.integers(1, random.choice([70, 70, 70, 300]))), int(random.integers(1, 140))
    padding, activation_bits = int(random.integers(0, 4)), int(random.integers(1, 9))
    if rows + 2 * padding < window[0] or columns + 2 * padding < window[1]:
        return None
    shape = (filters, *window, channels)
    bits = int(random.choice([8, 8, 8, 12, 16, 2, 5, 7, 9]))
    return Case(
        random.integers(0, 1 << activation_bits, (random.integers(1, 3), rows, columns, channels)).astype(np.uint8),
        (random.choice([-1, 1], shape) if random.random() < 0.5 else random.integers(-1, 2, shape)).astype(np.int8),
        Accumulator(
            bits=bits,
            slope=int(random.choice([1, 2, 3, 4, 10, 127, 1000, 40000])),
            overflow=random.choice(["wrap", "cyclic", "relu-like"]),
        ),
        int(random.integers(1, 4)),
        padding,
        activation_bits,
        _random_output(random, filters, 1 << (bits - 1)),
    )


def _random_output(random: Generator, filters: int, half: int) -> Levels | Scale | None:
    kind = random.integers(3)
    if kind == 0:
        levels = int(random.integers(1, 16))
        thresholds = np.sort(random.integers(-half - 5, half + 6, (filters, levels)), axis=1)
        return Levels(thresholds, random.choice([-1, 1], filters), int(random.integers(0, 200)))
    if kind == 1:
        multiplier = random.integers(-32767, 32768, filters).astype(np.int16)
        bias = random.integers(-32768, 32768, filters).astype(np.int16)
        return Scale(multiplier, bias, int(random.integers(0, 16)), int(random.integers(0, 256)))
    return None


def _folded(sums: Tensor, accumulator: Accumulator) -> Tensor:
    match accumulator.overflow:
        case "cyclic":
            return cyclic(sums, accumulator.bits, accumulator.slope)
        case "relu-like":
            return relu_like(sums, accumulator.bits, accumulator.slope)
    return wrap(sums, accumulator.bits)


def _bytes(values: NDArray[np.int64], output: Levels | Scale, bits: int) -> NDArray[np.uint8]:
    """The bytes as the classes of outputs describe them, one filter after another."""
    found = np.empty(values.shape, np.uint8)
    for filter_ in range(values.shape[-1]):
        x = values[..., filter_]
        if isinstance(output, Levels):
            reached = [output.directions[filter_] * x >= one for one in output.thresholds[filter_]]
            found[..., filter_] = output.lowest + np.sum(reached, axis=0)
        else:
            scaled = np.floor(x * 2.0 ** (16 - bits) * output.multiplier[filter_] / 2**15 + 0.5) + output.bias[filter_]
            found[..., filter_] = np.floor(scaled.clip(-(2**15), 2**15 - 1) / 2**output.shift).clip(0, output.largest)
    return found


def random_threshold(
    random: Generator, channels: int, levels: int, lowest: int, reach: int, name: str = "t", source: str = "x"
) -> Threshold:
    """A node with thresholds in [-reach, reach) and directions of both signs."""
    return Threshold(
        name=name,
        inputs=(source,),
        thresholds=np.sort(random.integers(-reach, reach, (channels, levels)), axis=1),
        directions=random.choice([-1, 1], channels),
        lowest=lowest,
    )


def same(found: NDArray[Any], expected: NDArray[Any]) -> bool:
    """Whether arrays have the same shape and the same numbers, whatever their types."""
    return found.shape == expected.shape and bool((found == expected).all())
