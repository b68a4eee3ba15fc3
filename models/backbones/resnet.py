"""Residual networks (He et al., 2016).

Where their options make quantized layers, grids keep the residual stream's additions on integers.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from models.backbones.options import NetworkOptions

WIDTH = 64
"""Channels of the first layer of networks for large images, by default."""

_EXPANSION = 4


class ParameterFreeShortcut(nn.Module):
    """Shortcut of option A: keeps every `stride`-th row and column, and appends `channels` channels of zeros.

    (batch, inputs, height, width) to (batch, inputs + channels, height / stride, width / stride), rounded up.
    """

    def __init__(self, stride: int, channels: int) -> None:
        super().__init__()
        self.stride = stride
        self.channels = channels

    def forward(self, values: Tensor) -> Tensor:
        return nn.functional.pad(values[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.channels))

    def extra_repr(self) -> str:
        return f"stride={self.stride}, channels={self.channels}"


class ResidualBlock(nn.Module):
    """Adds a branch to a residual stream: relu(branch(values) + shortcut(values))."""

    def __init__(self, branch: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.branch = branch
        self.shortcut = shortcut
        self.relu = nn.ReLU()

    def forward(self, values: Tensor) -> Tensor:
        total: Tensor = self.branch(values) + self.shortcut(values)
        rectified: Tensor = self.relu(total)
        return rectified


def resnet20(options: NetworkOptions) -> nn.Module:
    """ResNet-20 for 32x32 images; input (batch, 3, 32, 32), output (batch, classes).

    Three stages of three blocks of two 3x3 convolutions, with `width` (16), 2 and 4 times `width` channels; shortcuts
    have no parameters. (He et al., 2016, section 4.2; dissertation 2.6.2.3.)
    """
    width = options.width or 16
    stem = _stem(options, options.first_convolution(3, width, 3, padding=1), width)
    blocks, inputs = [], width
    for stage in range(3):
        outputs = width << stage
        for place in range(3):
            stride = _stride(stage, place)
            shortcut = nn.Identity() if inputs == outputs else ParameterFreeShortcut(stride, outputs - inputs)
            blocks.append(ResidualBlock(_basic(options, inputs, outputs, stride), shortcut))
            inputs = outputs
    return _network(options, stem, nn.Sequential(*blocks), inputs)


def resnet18(options: NetworkOptions) -> nn.Module:
    """ResNet-18 for 224x224 images; input (batch, 3, 224, 224), output (batch, classes).

    Four stages of two blocks of two 3x3 convolutions, with `width` (64), 2, 4 and 8 times `width` channels; shortcuts
    that change the number of channels are 1x1 convolutions, inner layers like the others.
    """
    return _for_large_images(options, RESNET18)


def resnet50(options: NetworkOptions) -> nn.Module:
    """ResNet-50 for 224x224 images; input (batch, 3, 224, 224), output (batch, classes).

    Four stages of 3, 4, 6 and 3 bottlenecks: 1x1, 3x3 and 1x1 convolutions, the first two with `width` (64), 2, 4 and
    8 times `width` channels and the third with four times as many. The 3x3 convolution is the one with a stride.
    Shortcuts as in ResNet-18.
    """
    return _for_large_images(options, RESNET50)


def large_stem(options: NetworkOptions, channels: int = 3) -> nn.Module:
    """The first layers for large images: a 7x7 convolution and a pool, which quarter the maps."""
    width = options.width or WIDTH
    first = options.first_convolution(channels, width, 7, stride=2, padding=3)
    return _stem(options, first, width, pool=nn.MaxPool2d(3, 2, padding=1))


def small_stem(options: NetworkOptions, channels: int = 3) -> nn.Module:
    """The first layers for small images: a 3x3 convolution, which keeps the size of the maps."""
    width = options.width or WIDTH
    return _stem(options, options.first_convolution(channels, width, 3, padding=1), width)


def residual_stages(options: NetworkOptions, architecture: "Stages") -> tuple[nn.Sequential, int]:
    """The blocks after the stem, and the number of channels that the last one has."""
    inputs = width = options.width or WIDTH
    blocks = []
    for stage, count in enumerate(architecture.counts):
        outputs = architecture.expansion * width << stage
        for place in range(count):
            stride = _stride(stage, place)
            shortcut = nn.Identity() if inputs == outputs else _projection(options, inputs, outputs, stride)
            blocks.append(ResidualBlock(architecture.branch(options, inputs, outputs, stride), shortcut))
            inputs = outputs
    return nn.Sequential(*blocks), inputs


def _for_large_images(options: NetworkOptions, architecture: "Stages") -> nn.Module:
    stem = large_stem(options)
    blocks, channels = residual_stages(options, architecture)
    return _network(options, stem, blocks, channels)


def _stride(stage: int, place: int) -> int:
    """Stride of a block: the first block of every stage but the first halves the maps."""
    return 2 if stage and not place else 1


def _stem(options: NetworkOptions, first: nn.Module, channels: int, *, pool: nn.Module | None = None) -> nn.Module:
    # The stream starts with a ReLU even without options.relu, so that layers that read it take unsigned inputs.
    parts = OrderedDict(convolution=first, norm=nn.BatchNorm2d(channels), relu=nn.ReLU())
    if pool is not None:
        parts["pool"] = pool
    parts["grid"] = options.grid()
    return nn.Sequential(parts)


def _basic(options: NetworkOptions, inputs: int, outputs: int, stride: int) -> nn.Module:
    return nn.Sequential(
        OrderedDict(
            first=options.convolution(inputs, outputs, stride=stride, never_negative=True),
            first_norm=nn.BatchNorm2d(outputs),
            first_relu=options.activation(),
            second=options.convolution(outputs, outputs),
            second_norm=nn.BatchNorm2d(outputs),
            grid=options.grid(),
        )
    )


def _bottleneck(options: NetworkOptions, inputs: int, outputs: int, stride: int) -> nn.Module:
    narrow = outputs // _EXPANSION
    return nn.Sequential(
        OrderedDict(
            first=options.convolution(inputs, narrow, 1, never_negative=True),
            first_norm=nn.BatchNorm2d(narrow),
            first_relu=options.activation(),
            second=options.convolution(narrow, narrow, stride=stride),
            second_norm=nn.BatchNorm2d(narrow),
            second_relu=options.activation(),
            third=options.convolution(narrow, outputs, 1),
            third_norm=nn.BatchNorm2d(outputs),
            grid=options.grid(),
        )
    )


def _projection(options: NetworkOptions, inputs: int, outputs: int, stride: int) -> nn.Module:
    return nn.Sequential(
        OrderedDict(
            convolution=options.convolution(inputs, outputs, 1, stride=stride, never_negative=True),
            norm=nn.BatchNorm2d(outputs),
            grid=options.grid(),
        )
    )


def _network(options: NetworkOptions, stem: nn.Module, blocks: nn.Sequential, channels: int) -> nn.Module:
    return nn.Sequential(
        OrderedDict(
            first=stem,
            blocks=blocks,
            pool=options.average_pool(),
            classifier=nn.Sequential(nn.Flatten(), options.classifier(channels, never_negative=True)),
        )
    )


@dataclass(frozen=True)
class Stages:
    """Stages of blocks. branch: makes a block's branch. counts: blocks of each stage. expansion: of its channels."""

    branch: Callable[[NetworkOptions, int, int, int], nn.Module]
    counts: tuple[int, ...]
    expansion: int


RESNET18 = Stages(_basic, (2, 2, 2, 2), expansion=1)
RESNET50 = Stages(_bottleneck, (3, 4, 6, 3), expansion=_EXPANSION)
