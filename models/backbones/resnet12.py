"""ResNet-12, the encoder of MetaOptNet (Lee et al., 2019; dissertation 5.7.2)."""

from torch import Tensor, nn

from models.backbones.batch_norm import BatchNorm
from models.backbones.drop_block import DropBlock
from models.backbones.encoder import Encoder, EncoderOptions, convolution, pooled_pixels

_SLOPE = 0.1
_RATE = 0.1
_BLOCKS_PER_PIXEL = 5 / 84


class ResNet12(Encoder):
    """Four residual blocks of three 3x3 convolutions, each with a 1x1 shortcut and a pool.

    The blocks have `width` (64), 5/2, 5 and 10 times `width` channels; leaky ReLUs of slope 0.1. Dropout of 0.1 follows
    blocks 1 and 2, DropBlock of at most 0.1 blocks 3 and 4. Its squares have 5 pixels a side for images of 84 pixels, 2
    for 32, and a size in proportion for others. The features are the last block's maps, not averaged.
    """

    def __init__(self, options: EncoderOptions) -> None:
        super().__init__()
        width = options.width or 64
        channels = (options.image_shape[0], width, width * 5 // 2, 5 * width, 10 * width)
        size = max(1, round(_BLOCKS_PER_PIXEL * min(options.image_shape[1:])))
        drops = (nn.Dropout(_RATE), nn.Dropout(_RATE), DropBlock(size, _RATE), DropBlock(size, _RATE))
        pairs = zip(channels, channels[1:], drops, strict=False)
        self.blocks = nn.Sequential(*(_Block(options, inputs, outputs, drop) for inputs, outputs, drop in pairs))
        self.features_dim = channels[-1] * pooled_pixels(options, 4)

    def forward(self, images: Tensor) -> Tensor:
        maps: Tensor = self.blocks(images)
        return maps.flatten(1)


class _Block(nn.Module):
    def __init__(self, options: EncoderOptions, inputs: int, outputs: int, drop: nn.Module) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            *(convolution(inputs, outputs), BatchNorm(outputs, options.batch_norm), nn.LeakyReLU(_SLOPE)),
            *(convolution(outputs, outputs), BatchNorm(outputs, options.batch_norm), nn.LeakyReLU(_SLOPE)),
            *(convolution(outputs, outputs), BatchNorm(outputs, options.batch_norm)),
        )
        self.shortcut = nn.Sequential(convolution(inputs, outputs, 1), BatchNorm(outputs, options.batch_norm))
        self.after = nn.Sequential(nn.LeakyReLU(_SLOPE), nn.MaxPool2d(2), drop)

    def forward(self, values: Tensor) -> Tensor:
        result: Tensor = self.after(self.branch(values) + self.shortcut(values))
        return result
