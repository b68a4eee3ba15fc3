"""Augmentation: random changes are drawn on the CPU and applied to whole batches wherever these are.

Drawing and applying are apart so that a batch is the same function of its key on every device.
"""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn

LARGEST_SHIFT = 16
"""Largest shift of an augmentation, in pixels."""

_SMALLEST_CROP = 0.08
_WIDEST_CROP = 4 / 3
_CROP_ATTEMPTS = 10


@dataclass(frozen=True)
class Augmentation:
    """Random changes to training images.

    shift: moves each image by up to this many pixels in both directions, 0 to 16. flip: mirrors half of the images
    left to right.

    Raises ValueError for another shift.
    """

    shift: int = 0
    flip: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.shift <= LARGEST_SHIFT:
            raise ValueError(f"shift is {self.shift}; allowed are 0 to {LARGEST_SHIFT} pixels")

    def draw(self, count: int, generator: Generator) -> tuple[Tensor, Tensor]:
        """Offsets (count, 2) and mirrored (count,) for a batch; draws nothing for a change that is switched off."""
        offsets = draw_offsets(count, self.shift, generator) if self.shift else torch.zeros(count, 2, dtype=torch.int64)
        mirrored = draw_mirrored(count, generator) if self.flip else torch.zeros(count, dtype=torch.bool)
        return offsets, mirrored

    def apply(self, images: Tensor, offsets: Tensor, mirrored: Tensor) -> Tensor:
        """Images (count, channels, height, width) with the changes that `draw` drew, all on one device."""
        if self.shift:
            images = shifted(images, offsets, self.shift)
        if self.flip:
            images = torch.where(mirrored.view(-1, 1, 1, 1), images.flip(3), images)
        return images


def draw_offsets(count: int, pixels: int, generator: Generator) -> Tensor:
    """Rows and columns, 0 to 2 * `pixels`, at which each image is cut out of its padded self: (count, 2), int64."""
    return torch.randint(0, 2 * pixels + 1, (2, count, 1), generator=generator).squeeze(2).T


def draw_mirrored(count: int, generator: Generator) -> Tensor:
    """True for each image with probability 1/2: (count,), bool."""
    return torch.rand(count, 1, 1, 1, generator=generator).view(-1) < 0.5


def shifted(images: Tensor, offsets: Tensor, pixels: int) -> Tensor:
    """Each image (channels, height, width) cut out, at its offset, of itself padded with `pixels` zeros all around."""
    height, width = images.shape[-2:]
    windows = nn.functional.pad(images, (pixels,) * 4).unfold(2, height, 1).unfold(3, width, 1)
    return windows[torch.arange(len(images), device=images.device), :, offsets[:, 0], offsets[:, 1]]


def random_crop_box(width: int, height: int, generator: Generator) -> tuple[int, int, int, int]:
    """A random crop box: left, upper, right and lower edge, in pixels.

    The box covers 8 to 100 % of the picture, with a ratio of width to height between 3:4 and 4:3 before rounding. If no
    such box fits, it is the largest central one whose ratio is nearest.
    """
    for _ in range(_CROP_ATTEMPTS):
        first, second = torch.rand(2, generator=generator).tolist()
        area = width * height * (_SMALLEST_CROP + (1 - _SMALLEST_CROP) * first)
        ratio = _WIDEST_CROP ** (2 * second - 1)
        crop_width, crop_height = round((area * ratio) ** 0.5), round((area / ratio) ** 0.5)
        if 0 < crop_width <= width and 0 < crop_height <= height:
            left = int(torch.randint(width - crop_width + 1, (), generator=generator))
            upper = int(torch.randint(height - crop_height + 1, (), generator=generator))
            return left, upper, left + crop_width, upper + crop_height
    crop_width, crop_height = min(width, round(height * _WIDEST_CROP)), min(height, round(width * _WIDEST_CROP))
    left, upper = (width - crop_width) // 2, (height - crop_height) // 2
    return left, upper, left + crop_width, upper + crop_height
