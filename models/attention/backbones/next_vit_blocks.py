"""What Next-ViT (Li et al., 2022) and its variant with local self-attention share."""

from collections import OrderedDict

from torch import Tensor, nn

from models.attention.backbones.blocks import Branch, mlp

STEM_STRIDES = {1: (1, 1, 1, 1), 2: (2, 1, 1, 1), 4: (2, 1, 1, 2)}
_MLP_RATIO = 3


class PatchEmbedding(nn.Sequential):
    """Brings maps to other channels, and to half the size, rounded up, at stride 2: mean, 1x1 convolution, batch norm.

    Maps that keep channels and size stay as they are.
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        parts: OrderedDict[str, nn.Module] = OrderedDict()
        if stride == 2:
            parts["pool"] = nn.AvgPool2d(2, 2, ceil_mode=True, count_include_pad=False)
        if stride == 2 or inputs != outputs:
            parts["convolution"] = nn.Conv2d(inputs, outputs, 1, bias=False)
            parts["norm"] = nn.BatchNorm2d(outputs)
        super().__init__(parts)


def convolution_attention(channels: int, group: int) -> nn.Sequential:
    """Multi-head convolutional attention: a 3x3 convolution in groups, batch norm, ReLU and a 1x1 convolution.

    Raises ValueError for channels that groups do not divide.
    """
    if channels % group:
        raise ValueError(f"channels are {channels}; allowed are multiples of the {group} channels of a group")
    return nn.Sequential(
        OrderedDict(
            convolution=nn.Conv2d(channels, channels, 3, padding=1, groups=channels // group, bias=False),
            norm=nn.BatchNorm2d(channels),
            relu=nn.ReLU(),
            projection=nn.Conv2d(channels, channels, 1, bias=False),
        )
    )


class ConvolutionBlock(nn.Module):
    """Patch embedding, a branch of convolutional attention, then one of an MLP behind a norm."""

    def __init__(self, inputs: int, channels: int, stride: int, *, group: int, norm: nn.Module, rate: float) -> None:
        super().__init__()
        self.embedding = PatchEmbedding(inputs, channels, stride)
        self.mixer = Branch(nn.Identity(), convolution_attention(channels, group), channels, 0, rate)
        self.mlp = Branch(norm, mlp(channels, _MLP_RATIO, nn.ReLU()), channels, 0, rate)

    def forward(self, maps: Tensor) -> Tensor:
        result: Tensor = self.mlp(self.mixer(self.embedding(maps)))
        return result
