"""Encoders of four blocks: convolution, batch norm, pool, activation."""

from collections import OrderedDict

import torch
from torch import Tensor, nn

from models.backbones.batch_norm import BatchNorm
from models.backbones.encoder import Encoder, EncoderOptions, convolution, pooled_pixels

_SLOPE = 0.1


class CNN4(Encoder):
    """The encoder of R2-D2 (Bertinetto et al., 2019; dissertation 5.7.2).

    Four blocks with `width` (96), 2, 4 and 16/3 times `width` channels; leaky ReLUs of slope 0.1, none in the last
    block. Dropout follows block 3, at 0.1, and block 4, at 0.3. The features are those of blocks 3 and 4, side by side.
    """

    def __init__(self, options: EncoderOptions) -> None:
        super().__init__()
        width = options.width or 96
        third, fourth = 4 * width, width * 16 // 3
        self.blocks = nn.Sequential(
            _block(options, options.image_shape[0], width, nn.LeakyReLU(_SLOPE)),
            _block(options, width, 2 * width, nn.LeakyReLU(_SLOPE)),
            _block(options, 2 * width, third, nn.LeakyReLU(_SLOPE), nn.Dropout(0.1)),
        )
        self.last = _block(options, third, fourth, nn.Dropout(0.3))
        self.features_dim = third * pooled_pixels(options, 3) + fourth * pooled_pixels(options, 4)

    def forward(self, images: Tensor) -> Tensor:
        third: Tensor = self.blocks(images)
        return torch.cat([third.flatten(1), self.last(third).flatten(1)], dim=1)


class FourEqualBlocks(Encoder):
    """Four blocks of `width` channels with ReLUs; the features are the last block's maps.

    With 64 channels the encoder of ProtoNet (Snell et al., 2017), with 32 that of MAML and Reptile on mini-ImageNet
    (Finn et al., 2017; Nichol and Schulman, 2018). The published ones also have biases before their batch norms, which
    cancel them.
    """

    def __init__(self, options: EncoderOptions, width: int) -> None:
        super().__init__()
        inputs = (options.image_shape[0], width, width, width)
        self.blocks = nn.Sequential(*(_block(options, count, width, nn.ReLU()) for count in inputs))
        self.features_dim = width * pooled_pixels(options, 4)

    def forward(self, images: Tensor) -> Tensor:
        maps: Tensor = self.blocks(images)
        return maps.flatten(1)


def four_by_64(options: EncoderOptions) -> Encoder:
    """ProtoNet's encoder."""
    return FourEqualBlocks(options, options.width or 64)


def four_by_32(options: EncoderOptions) -> Encoder:
    """MAML's and Reptile's encoder."""
    return FourEqualBlocks(options, options.width or 32)


def _block(options: EncoderOptions, inputs: int, outputs: int, *after: nn.Module) -> nn.Module:
    parts = OrderedDict[str, nn.Module](
        convolution=convolution(inputs, outputs), norm=BatchNorm(outputs, options.batch_norm), pool=nn.MaxPool2d(2)
    )
    parts |= {f"after{number}": module for number, module in enumerate(after, 1)}
    return nn.Sequential(parts)
