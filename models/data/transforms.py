"""Augmentation: of whole batches as tensor operations, and crops of single pictures."""

import torch
from torch import Generator, Tensor, nn

_SMALLEST_CROP = 0.08
_WIDEST_CROP = 4 / 3
_CROP_ATTEMPTS = 10


def random_shift(images: Tensor, pixels: int, generator: Generator) -> Tensor:
    """Each image moved by up to `pixels` in both directions, zeros filling in: (batch, channels, height, width)."""
    count, _, height, width = images.shape
    padded = nn.functional.pad(images, (pixels,) * 4)
    down, right = torch.randint(0, 2 * pixels + 1, (2, count, 1), generator=generator)
    rows = (down + torch.arange(height))[:, None, :, None]
    columns = (right + torch.arange(width))[:, None, None, :]
    # Indexed by image, row and column at once; the channels, left whole, come out last.
    picked = padded.permute(0, 2, 3, 1)[torch.arange(count).view(-1, 1, 1), rows[:, 0], columns[:, 0]]
    return picked.permute(0, 3, 1, 2).contiguous()


def random_flip(images: Tensor, generator: Generator) -> Tensor:
    """Each image mirrored left to right with probability 1/2."""
    flipped = torch.rand(len(images), 1, 1, 1, generator=generator) < 0.5
    return torch.where(flipped, images.flip(3), images)


def random_crop_box(width: int, height: int, generator: Generator) -> tuple[int, int, int, int]:
    """A random part of a picture, as left, upper, right and lower edge in pixels.

    It covers 8 to 100 % of the picture at a ratio of width to height of 3:4 to 4:3, before rounding. A picture too
    narrow or too flat for that gives the largest part of a fitting ratio, from its middle.
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
