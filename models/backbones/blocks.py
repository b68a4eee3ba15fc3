"""Hidden layers of networks without shortcuts: layer, batch norm, activation."""

from collections import OrderedDict

from torch import nn

from models.backbones.options import NetworkOptions


def convolution_block(
    options: NetworkOptions, convolution: nn.Module, channels: int, *, pool: nn.Module | None = None
) -> nn.Module:
    """A convolution of `channels` outputs, its batch norm, activation and pool."""
    parts = OrderedDict(convolution=convolution, norm=nn.BatchNorm2d(channels), relu=options.activation())
    if pool is not None:
        parts["pool"] = pool
    return nn.Sequential(parts)


def linear_block(options: NetworkOptions, inputs: int, outputs: int, *, flatten: bool = False) -> nn.Module:
    """A fully connected layer, its batch norm and activation; flatten: its inputs are maps."""
    parts: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten()) if flatten else OrderedDict()
    parts["linear"] = options.linear(inputs, outputs)
    parts["norm"] = nn.BatchNorm1d(outputs)
    parts["relu"] = options.activation()
    return nn.Sequential(parts)
