"""Random crops of pictures together with the labels of their pixels."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn.functional import interpolate, pad

from models.checks import check_positive

IGNORED = 255
"""The label of pixels that neither train nor count."""


@dataclass(frozen=True)
class LabelledCrop:
    """Scales a picture at random, cuts a square out, and mirrors half of them.

    size: of the square, in pixels. smallest, largest: factor of both sides, uniform between the two; 0.5 and 2 for
    ADE20K. Labels take the nearest pixel's, so none is invented. What lies outside the picture is black and ignored.

    Raises ValueError for a size below 1, or factors that are not above 0 and in order.
    """

    size: int
    smallest: float = 0.5
    largest: float = 2.0
    flip: bool = True

    def __post_init__(self) -> None:
        check_positive("size of crops", self.size)
        if not 0 < self.smallest <= self.largest <= 16:
            raise ValueError(
                f"factors are {self.smallest} to {self.largest}; allowed are numbers above 0 to 16, in order"
            )

    def __call__(self, image: Tensor, labels: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        """Part of an image (3, height, width), uint8, and of its labels (height, width), both of the crop's size."""
        scale, down, right, mirrored = torch.rand(4, generator=generator).tolist()
        factor = self.smallest + scale * (self.largest - self.smallest)
        image, labels = resized(image, labels, *(max(1, round(factor * side)) for side in labels.shape))
        height, width = labels.shape
        top, left = int(down * (max(0, height - self.size) + 1)), int(right * (max(0, width - self.size) + 1))
        image = image[:, top : top + self.size, left : left + self.size]
        labels = labels[top : top + self.size, left : left + self.size]
        missing = (0, self.size - labels.shape[1], 0, self.size - labels.shape[0])
        image, labels = pad(image, missing), pad(labels, missing, value=IGNORED)
        if self.flip and mirrored < 0.5:
            image, labels = image.flip(2), labels.flip(1)
        return image, labels


def resized(image: Tensor, labels: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """An image scaled bilinearly, with antialiasing, and its labels, each that of the nearest pixel."""
    if labels.shape == (height, width):
        return image, labels
    pixels = interpolate(image[None].float(), (height, width), mode="bilinear", antialias=True)[0]
    nearest = interpolate(labels[None, None].double(), (height, width), mode="nearest-exact")[0, 0]
    return pixels.round().clamp(0, 255).byte(), nearest.long()
