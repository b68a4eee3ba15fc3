"""Images as a network of integers reads them: pixels of 8 bits, less a zero point."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

LARGEST_PIXEL = 255


@dataclass(frozen=True)
class PixelScale:
    """How a data set's images are normalised.

    mean, std: by channel, what is subtracted from pixel values, and what they are divided by then. white: the largest
    pixel value. Raises ValueError if pixels have more than 8 bits.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    white: int

    def __post_init__(self) -> None:
        if not 0 < self.white <= LARGEST_PIXEL:
            raise ValueError(f"pixels reach {self.white}; a network of integers reads pixels up to {LARGEST_PIXEL}")

    @classmethod
    def placeholder(cls, channels: int) -> Self:
        """A scale for a network whose state is yet to be loaded."""
        return cls((0.0,) * channels, (1.0,) * channels, LARGEST_PIXEL)


class Pixels(nn.Module):
    """Turns normalised images (batch, channels, height, width) back into their pixels, less the zero point.

    The zero point is the mean pixel, rounded. All channels share it, and a step: integers times the step are close to
    the normalised images. All numbers are part of the saved state.
    """

    mean: Tensor
    std: Tensor
    zero_point: Tensor
    white: Tensor
    step: Tensor

    def __init__(self, scale: PixelScale) -> None:
        super().__init__()
        channels = len(scale.mean)
        self.register_buffer("mean", torch.tensor(scale.mean).view(-1, 1, 1))
        self.register_buffer("std", torch.tensor(scale.std).view(-1, 1, 1))
        self.register_buffer("zero_point", torch.tensor(float(round(sum(scale.mean) / channels))))
        self.register_buffer("white", torch.tensor(float(scale.white)))
        self.register_buffer("step", torch.tensor(channels / sum(scale.std)))

    def forward(self, images: Tensor) -> Tensor:
        pixels = (images * self.std + self.mean).round()
        return torch.minimum(pixels.clamp(min=0), self.white) - self.zero_point

    def check(self) -> None:
        """Raises ValueError for numbers that training does not leave, as a damaged file does."""
        zero_point, white = self.zero_point.item(), self.white.item()
        whole = zero_point == round(zero_point) and white == round(white)
        if not whole or not 0 <= zero_point <= white <= LARGEST_PIXEL or not white or not self.step > 0:
            raise ValueError(f"pixels have the zero point {zero_point}, the step {self.step.item()} and reach {white}")
