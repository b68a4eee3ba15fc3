"""The peer of the training bench: the same network of Brevitas' layers."""

import importlib
from typing import Any

from torch import nn

from models.quantization.layers import QuantConv2d, QuantLayer, QuantLinear


def brevitas(part: str) -> Any:
    """A part of Brevitas. Raises ValueError if it cannot be imported."""
    try:
        return importlib.import_module(f"brevitas.{part}")
    except ImportError as error:
        raise ValueError(f"Brevitas cannot be imported ({error}); install the extra `bench`") from error


def with_brevitas_layers(network: nn.Module, activation_bits: int, step: float) -> nn.Module:
    """A network with Brevitas' layers in place of ours: 1-bit weights of a fixed scale, activations of a fixed step."""
    layers, quantizers = brevitas("nn"), brevitas("quant")
    for name, layer in list(network.named_modules()):
        if not isinstance(layer, QuantLayer):
            continue
        settings = {"bias": False, "weight_quant": quantizers.SignedBinaryWeightPerTensorConst}
        if isinstance(layer, QuantConv2d):
            places = {"kernel_size": layer.kernel_size, "stride": layer.stride, "padding": layer.padding}
            theirs = layers.QuantConv2d(layer.in_channels, layer.out_channels, **places, **settings)
        elif isinstance(layer, QuantLinear):
            theirs = layers.QuantLinear(layer.in_features, layer.out_features, **settings)
        activations = layers.QuantIdentity(
            act_quant=quantizers.Uint8ActPerTensorFloatMaxInit,
            bit_width=activation_bits,
            max_val=step * ((1 << activation_bits) - 1),
            scaling_impl_type="const",
        )
        network.set_submodule(name, nn.Sequential(activations, theirs))
    return network
