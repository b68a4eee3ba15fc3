"""Self-Mix (Seo et al., 2021): a square of an image comes from another place of the same image."""

import torch
from torch import Tensor

from models.fewshot.augmentation.changes import Each, draws_shape
from models.fewshot.augmentation.draws import TaskDraws


def self_mix(images: Tensor, draws: TaskDraws, each: Each) -> Tensor:
    """A square around a uniform centre comes from elsewhere in the same image, turned by a multiple of 90 degrees.

    The square has half the shorter side and is cut off at the borders; its source lies within the image.
    """
    sources = _sources(images, draws, draws_shape(images, each))
    pixels = images.flatten(-2)
    return pixels.gather(-1, sources.flatten(-2)[..., None, :].expand(pixels.shape)).view(images.shape)


def _sources(images: Tensor, draws: TaskDraws, shape: tuple[int, int]) -> Tensor:
    """The number of the pixel that each comes from: (tasks, a, b, height, width), int64, on the images' device."""
    height, width = images.shape[-2:]
    side = min(height, width) // 2
    top = draws.below("row", height, *shape) - side // 2
    left = draws.below("col", width, *shape) - side // 2
    rows, columns = height - side + 1, width - side + 1
    corner = _other_corner(draws, top, left, rows, columns)
    turns = draws.below("turns", 4, *shape)

    places = [one.to(images.device, non_blocking=True)[..., None, None] for one in (top, left, corner, turns)]
    down = torch.arange(height, device=images.device)[:, None]
    right = torch.arange(width, device=images.device)
    y, x = down - places[0], right - places[1]
    inside = (y >= 0) & (y < side) & (x >= 0) & (x < side)
    y, x = _turned(y, x, side - 1, places[3])
    source = (y + places[2] // columns) * width + x + places[2] % columns
    return torch.where(inside, source, down * width + right)


def _other_corner(draws: TaskDraws, top: Tensor, left: Tensor, rows: int, columns: int) -> Tensor:
    """The number of a corner of the source, row by row, uniform among those that are not the square's own."""
    is_one = (top >= 0) & (top < rows) & (left >= 0) & (left < columns)
    corner = draws.below("source", rows * columns - is_one.long(), *top.shape[1:])
    return corner + (is_one & (corner >= top * columns + left))


def _turned(y: Tensor, x: Tensor, last: int, turns: Tensor) -> tuple[Tensor, Tensor]:
    """Places in a square after quarter turns. last: the largest place."""
    swapped, back = turns % 2 == 1, turns >= 2
    rows, columns = torch.where(swapped, x, y), torch.where(swapped, last - y, x)
    return torch.where(back, last - rows, rows), torch.where(back, last - columns, columns)
