"""Other layers in the place of a network's linear ones."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.federated.choices import ScalePer
from models.federated.fake_quantization import fake_quantized, fake_quantized_frames


def replace_linear(network: nn.Module, make: Callable[[str, nn.Linear], nn.Module]) -> None:
    """Puts `make(name, layer)` in the place of each linear layer within `network`."""
    found = [(name, module) for name, module in network.named_modules() if type(module) is nn.Linear]
    for name, module in found:
        network.set_submodule(name, make(name, module))


class FakeQuantizedLinear(nn.Linear):
    """A linear layer with float weights, computed as one with low-bit weights and 8-bit activations would be."""

    def __init__(self, layer: nn.Linear, bits: int, scale_per: ScalePer, *, through_scale: bool) -> None:
        with torch.device("meta"):
            super().__init__(layer.in_features, layer.out_features, layer.bias is not None)
        self.weight, self.bias = layer.weight, layer.bias
        self.bits, self.scale_per, self.through_scale = bits, scale_per, through_scale

    def forward(self, inputs: Tensor) -> Tensor:
        """(..., in) to (..., out)."""
        weight = fake_quantized(self.weight, self.bits, self.scale_per, through_scale=self.through_scale)
        return functional.linear(fake_quantized_frames(inputs), weight, self.bias)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, bits={self.bits}, scale_per={self.scale_per}"


def fake_quantize(network: nn.Module, bits: int, scale_per: ScalePer, *, through_scale: bool = True) -> None:
    """Makes the linear layers of a network fake-quantized: quantization-aware training in one place.

    Parameters keep their names. through_scale: whether gradients pass through the scales of weights, as gradient relay
    lets them.
    """
    replace_linear(network, lambda _, layer: FakeQuantizedLinear(layer, bits, scale_per, through_scale=through_scale))
