"""Blocks that both families of backbones are made of."""

from collections import OrderedDict

from torch import Tensor, nn

from models.attention.backbones.drop_path import DropPath
from models.attention.backbones.norms import LayerScale


def convolution_norm(inputs: int, outputs: int, stride: int = 1, *, bias: bool) -> OrderedDict[str, nn.Module]:
    """A 3x3 convolution and its batch norm; maps shrink by the stride, rounded up."""
    convolution = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=bias)
    return OrderedDict(convolution=convolution, norm=nn.BatchNorm2d(outputs))


def stem(channels: tuple[int, ...], strides: tuple[int, ...], *, bias: bool) -> nn.Sequential:
    """3x3 convolutions of an RGB image, each with its batch norm and ReLU."""
    layers = []
    for inputs, outputs, stride in zip((3, *channels), channels, strides, strict=False):
        layers.append(nn.Sequential(convolution_norm(inputs, outputs, stride, bias=bias) | {"relu": nn.ReLU()}))
    return nn.Sequential(*layers)


def mlp(channels: int, ratio: int, activation: nn.Module) -> nn.Sequential:
    """Two 1x1 convolutions, the first `ratio` times as wide."""
    return nn.Sequential(
        OrderedDict(
            expand=nn.Conv2d(channels, ratio * channels, 1),
            activation=activation,
            reduce=nn.Conv2d(ratio * channels, channels, 1),
        )
    )


class Branch(nn.Module):
    """A branch of a residual stream: values + drop(scale(body(norm(values)))).

    layer_scale: initial factor of the branch; 0 for none. rate: of stochastic depth.
    """

    def __init__(self, norm: nn.Module, body: nn.Module, channels: int, layer_scale: float, rate: float) -> None:
        super().__init__()
        self.norm = norm
        self.body = body
        self.scale = LayerScale(channels, layer_scale) if layer_scale else nn.Identity()
        self.drop = DropPath(rate) if rate else nn.Identity()

    def forward(self, values: Tensor) -> Tensor:
        change: Tensor = self.drop(self.scale(self.body(self.norm(values))))
        return values + change


class MetaBlock(nn.Sequential):
    """A block of a MetaFormer (Yu et al., 2022): a branch that mixes tokens, then one that mixes channels."""

    def __init__(self, mixer: Branch, mlp: Branch) -> None:
        super().__init__(OrderedDict(mixer=mixer, mlp=mlp))
