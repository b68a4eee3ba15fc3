"""Augmentation of whole batches as tensor operations; each image gets a random change of its own."""

import torch
from torch import Generator, Tensor, nn


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
