"""VGG-7 (Ternary weight networks; dissertation 2.4.1)."""

from collections import OrderedDict

from torch import nn

from models.backbones.blocks import convolution_block, linear_block
from models.backbones.options import NetworkOptions


def vgg7(options: NetworkOptions) -> nn.Module:
    """VGG-7 for 32x32 images; input (batch, 3, 32, 32), output (batch, classes).

    Two convolutions each of `width` (128), 2 and 4 times `width` channels, with a pool after each pair, a fully
    connected layer of 8 times `width` outputs and the classifier.
    """
    width = options.width or 128
    wide, widest, hidden = 2 * width, 4 * width, 8 * width
    return nn.Sequential(
        OrderedDict(
            first=convolution_block(options, options.first_convolution(3, width, 3, padding=1), width),
            second=convolution_block(options, options.convolution(width, width), width, pool=nn.MaxPool2d(2)),
            third=convolution_block(options, options.convolution(width, wide), wide),
            fourth=convolution_block(options, options.convolution(wide, wide), wide, pool=nn.MaxPool2d(2)),
            fifth=convolution_block(options, options.convolution(wide, widest), widest),
            sixth=convolution_block(options, options.convolution(widest, widest), widest, pool=nn.MaxPool2d(2)),
            seventh=linear_block(options, 16 * widest, hidden, flatten=True),
            classifier=options.classifier(hidden),
        )
    )
