"""Networks whose inner layers are quantized; the first and the last layer stay in full precision."""

from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import nn

from models.backbones.options import NetworkOptions
from models.backbones.resnet import resnet18, resnet20, resnet50


def digits_network(options: NetworkOptions) -> nn.Module:
    """Four 3x3 convolutions and a linear classifier for 8x8 digits; input (batch, 1, 8, 8), output (batch, classes).

    The first convolution has `width` channels (64), the others twice as many; the quantized layers' dot products then
    have 576, 1152 and 1152 terms.
    """
    width = options.width or 64
    wide = 2 * width
    return nn.Sequential(
        OrderedDict(
            first=_block(options, nn.Conv2d(1, width, 3, padding=1, bias=False), width),
            second=_block(options, options.convolution(width, wide), wide, pool=nn.MaxPool2d(2)),
            third=_block(options, options.convolution(wide, wide), wide, pool=nn.MaxPool2d(2)),
            fourth=_block(options, options.convolution(wide, wide), wide, pool=nn.MaxPool2d(2)),
            classifier=nn.Sequential(nn.Flatten(), nn.Linear(wide, options.classes)),
        )
    )


def vgg7(options: NetworkOptions) -> nn.Module:
    """VGG-7 for 32x32 images; input (batch, 3, 32, 32), output (batch, classes).

    Two convolutions each of `width` (128), 2 and 4 times `width` channels, with a pool after each pair, a fully
    connected layer of 8 times `width` and the classifier. (Ternary weight networks; dissertation 2.4.1.)
    """
    width = options.width or 128
    wide, widest, hidden = 2 * width, 4 * width, 8 * width
    return nn.Sequential(
        OrderedDict(
            first=_block(options, nn.Conv2d(3, width, 3, padding=1, bias=False), width),
            second=_block(options, options.convolution(width, width), width, pool=nn.MaxPool2d(2)),
            third=_block(options, options.convolution(width, wide), wide),
            fourth=_block(options, options.convolution(wide, wide), wide, pool=nn.MaxPool2d(2)),
            fifth=_block(options, options.convolution(wide, widest), widest),
            sixth=_block(options, options.convolution(widest, widest), widest, pool=nn.MaxPool2d(2)),
            seventh=_hidden(options, 16 * widest, hidden),
            classifier=nn.Linear(hidden, options.classes),
        )
    )


def alexnet(options: NetworkOptions) -> nn.Module:
    """AlexNet with batch norm for 224x224 images; input (batch, 3, 224, 224), output (batch, classes).

    The first convolution has `width` channels (96), the others 256, 384, 384 and 256 and the two fully connected
    layers 4096 outputs, in proportion to the width and rounded down. No dropout, no groups. (Layer sizes of XNOR-Net's
    AlexNet.)
    """
    width = options.width or 96
    second, third, hidden = width * 8 // 3, 4 * width, width * 128 // 3
    convolution = nn.Conv2d(3, width, 11, stride=4, padding=2, bias=False)
    return nn.Sequential(
        OrderedDict(
            first=_block(options, convolution, width, pool=nn.MaxPool2d(3, 2)),
            second=_block(options, options.convolution(width, second, 5), second, pool=nn.MaxPool2d(3, 2)),
            third=_block(options, options.convolution(second, third), third),
            fourth=_block(options, options.convolution(third, third), third),
            fifth=_block(options, options.convolution(third, second), second, pool=nn.MaxPool2d(3, 2)),
            sixth=_hidden(options, 36 * second, hidden),
            seventh=_hidden(options, hidden, hidden, flatten=False),
            classifier=nn.Linear(hidden, options.classes),
        )
    )


NETWORKS: dict[str, Callable[[NetworkOptions], nn.Module]] = {
    "digits": digits_network,
    "vgg7": vgg7,
    "resnet20": resnet20,
    "alexnet": alexnet,
    "resnet18": resnet18,
    "resnet50": resnet50,
}
"""The networks by name."""

IMAGE_SHAPES = {
    "digits": (1, 8, 8),
    "vgg7": (3, 32, 32),
    "resnet20": (3, 32, 32),
    "alexnet": (3, 224, 224),
    "resnet18": (3, 224, 224),
    "resnet50": (3, 224, 224),
}
"""The images each network takes: (channels, height, width)."""

RESIDUAL_NETWORKS = frozenset({"resnet20", "resnet18", "resnet50"})
"""The networks with a residual stream, which need one step size for all layers."""


def build_network(name: str, options: NetworkOptions) -> nn.Module:
    """The network `name` with initial weights that depend on the seed alone. Raises ValueError for another name."""
    if name not in NETWORKS:
        raise ValueError(f"network is {name!r}; allowed are {', '.join(NETWORKS)}")
    with torch.random.fork_rng():
        torch.manual_seed(options.seed)
        return NETWORKS[name](options)


def _block(
    options: NetworkOptions, convolution: nn.Module, channels: int, *, pool: nn.Module | None = None
) -> nn.Module:
    parts = OrderedDict(convolution=convolution, norm=nn.BatchNorm2d(channels), relu=options.activation())
    if pool is not None:
        parts["pool"] = pool
    return nn.Sequential(parts)


def _hidden(options: NetworkOptions, inputs: int, outputs: int, *, flatten: bool = True) -> nn.Module:
    parts: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten()) if flatten else OrderedDict()
    parts["linear"] = options.linear(inputs, outputs)
    parts["norm"] = nn.BatchNorm1d(outputs)
    parts["relu"] = options.activation()
    return nn.Sequential(parts)
