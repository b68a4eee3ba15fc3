"""Torch modules as nodes: quantized layers, and modules that keep a residual stream on its grid."""

import numpy as np
from torch import Tensor, nn

from models.backbones.resnet import ParameterFreeShortcut
from models.integer_network.core import INPUT
from models.integer_network.float_modules import one_size, pool_sizes
from models.integer_network.nodes import Convolution, Linear, MaxPool, Node, PaddedShortcut, Relu, WeightedNode
from models.quantization.accumulators import Accumulator, Overflow, Packing
from models.quantization.activations import ActivationMode, ActivationQuantizer
from models.quantization.edges import PixelConv2d
from models.quantization.layers import QuantConv2d, QuantLayer, QuantLinear

_EXACT = Accumulator(bits=32, overflow=Overflow.EXACT)


def weighted_node(layer: QuantLayer, name: str, source: str, weight: Tensor) -> WeightedNode:
    """The node of a layer with the integer weights `weight`. Raises ValueError for a kind of layer without one.

    Also raises ValueError if no pass has calibrated the layer's carries, where its accumulators need that.
    """
    carry_mean = None
    if layer.accumulator.packing is Packing.CARRIES:
        if layer.carry_mean is None:
            raise ValueError("no pass has calibrated its carries yet")
        carry_mean = layer.carry_mean.round().numpy(force=True).astype(np.int32)
    weights = weight.numpy(force=True).astype(np.int8)
    match layer:
        case QuantLinear():
            return Linear(
                name=name, inputs=(source,), weights=weights, accumulator=layer.accumulator, carry_mean=carry_mean
            )
        case QuantConv2d():
            return Convolution(
                name=name,
                inputs=(source,),
                weights=weights,
                accumulator=layer.accumulator,
                carry_mean=carry_mean,
                stride=one_size("stride", layer.stride),
                padding=one_size("padding", layer.padding),
            )
    raise ValueError(f"{type(layer).__name__} is not supported")


def pixel_node(layer: PixelConv2d, name: str, weight: Tensor) -> Convolution:
    """The node of a convolution of pixels with the integer weights `weight`."""
    return Convolution(
        name=name,
        inputs=(INPUT,),
        weights=weight.numpy(force=True).astype(np.int8),
        accumulator=_EXACT,
        stride=one_size("stride", layer.stride),
        padding=one_size("padding", layer.padding),
        zero_point=int(layer.pixels.zero_point),
    )


def score_node(name: str, source: str, weight: Tensor) -> Linear:
    """The node of a last layer with the integer weights `weight`."""
    return Linear(name=name, inputs=(source,), weights=weight.numpy(force=True).astype(np.int8), accumulator=_EXACT)


def stream_node(module: nn.Module, name: str, source: str) -> Node | None:
    """The node of a module that keeps a residual stream on its grid; None for others."""
    match module:
        case nn.ReLU():
            return Relu(name=name, inputs=(source,))
        case nn.MaxPool2d():
            return MaxPool(name=name, inputs=(source,), **pool_sizes(module))
        case ParameterFreeShortcut():
            return PaddedShortcut(name=name, inputs=(source,), stride=module.stride, channels=module.channels)
    return None


def quantizer_settings(quantizer: ActivationQuantizer) -> tuple[float, int, int]:
    """Step, smallest and largest integer of a quantizer. Raises ValueError unless its mode is `quantized`."""
    if quantizer.mode is not ActivationMode.QUANTIZED:
        raise ValueError(f"activations are {quantizer.mode.value!r}; an export needs them 'quantized'")
    return quantizer.step.item(), int(quantizer.smallest), int(quantizer.largest)
