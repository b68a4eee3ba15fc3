"""A small network for 8x8 digits."""

from collections import OrderedDict

from torch import nn

from models.backbones.blocks import convolution_block
from models.backbones.options import NetworkOptions


def digits_network(options: NetworkOptions) -> nn.Module:
    """Four 3x3 convolutions and a linear classifier; input (batch, 1, 8, 8), output (batch, classes).

    The first convolution has `width` channels (64), the others twice as many; the inner layers' dot products then
    have 576, 1152 and 1152 terms.
    """
    width = options.width or 64
    wide = 2 * width
    return nn.Sequential(
        OrderedDict(
            first=convolution_block(options, options.first_convolution(1, width, 3, padding=1), width),
            second=convolution_block(options, options.convolution(width, wide), wide, pool=nn.MaxPool2d(2)),
            third=convolution_block(options, options.convolution(wide, wide), wide, pool=nn.MaxPool2d(2)),
            fourth=convolution_block(options, options.convolution(wide, wide), wide, pool=nn.MaxPool2d(2)),
            classifier=nn.Sequential(nn.Flatten(), options.classifier(wide)),
        )
    )
