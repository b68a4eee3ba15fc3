"""AlexNet with batch norm, and neither dropout nor groups (layer sizes of XNOR-Net's AlexNet)."""

from collections import OrderedDict

from torch import nn

from models.backbones.blocks import convolution_block, linear_block
from models.backbones.options import NetworkOptions


def alexnet(options: NetworkOptions) -> nn.Module:
    """AlexNet for 224x224 images; input (batch, 3, 224, 224), output (batch, classes).

    The first convolution has `width` channels (96), the others 256, 384, 384 and 256, and both hidden fully connected
    layers have 4096 outputs; another width scales all of these and rounds down.
    """
    width = options.width or 96
    second, third, hidden = width * 8 // 3, 4 * width, width * 128 // 3
    first = options.first_convolution(3, width, 11, stride=4, padding=2)
    return nn.Sequential(
        OrderedDict(
            first=convolution_block(options, first, width, pool=nn.MaxPool2d(3, 2)),
            second=convolution_block(options, options.convolution(width, second, 5), second, pool=nn.MaxPool2d(3, 2)),
            third=convolution_block(options, options.convolution(second, third), third),
            fourth=convolution_block(options, options.convolution(third, third), third),
            fifth=convolution_block(options, options.convolution(third, second), second, pool=nn.MaxPool2d(3, 2)),
            sixth=linear_block(options, 36 * second, hidden, flatten=True),
            seventh=linear_block(options, hidden, hidden),
            classifier=options.classifier(hidden),
        )
    )
