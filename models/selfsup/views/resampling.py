"""Crops scaled to one size through a matrix for each axis, filtered where they shrink."""

from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from models.selfsup.views.recipes import Interpolation

_LARGEST_TABLE = 48  # pixels; the table of an axis of this length takes 42 MB
_SHARPNESS = -0.5  # of cubic interpolation, as in Pillow


def cropped(images: Tensor, boxes: Tensor, mirrored: Tensor, size: tuple[int, int], kind: Interpolation) -> Tensor:
    """A part of each image (images, channels, height, width), scaled: planes (channels, images, *size), 0 to 1.

    boxes: left, upper, width and height of the parts, in pixels, (images, 4). mirrored: which of them are mirrored left
    to right, (images,). Values beyond 0 and 1, to which cubic interpolation leads, are limited.
    """
    count, channels, height, width = images.shape
    lefts, uppers, widths, heights = boxes.T
    across = axis_matrices(lefts, widths, mirrored, width, size[1], kind)
    down = axis_matrices(uppers, heights, None, height, size[0], kind)
    rows = torch.bmm(images.view(count, channels * height, width), across.transpose(1, 2))
    planes = torch.empty(channels, count, *size, device=images.device)
    for plane, part in zip(planes, torch.split(rows, height, 1), strict=True):
        torch.bmm(down, part, out=plane)
    return planes.clamp_(0, 1)


def scaled_part(picture: Tensor, box: Sequence[int], size: int, kind: Interpolation) -> Tensor:
    """A part of one picture (channels, height, width), uint8, scaled to `size` x `size`: as `cropped`, but rounded."""
    left, upper, width, height = box
    part = picture[None, :, upper : upper + height, left : left + width]
    return interpolate(part, (size, size), mode=kind, antialias=True)[0]


def axis_matrices(
    starts: Tensor, lengths: Tensor, reverse: Tensor | None, side: int, size: int, kind: Interpolation
) -> Tensor:
    """For each part of an axis, the matrix that scales it: (parts, size, side), float32.

    starts, lengths: of the parts, in pixels, (parts,) int64. reverse: which of them are mirrored as well. side: length
    of the axis. size: of the scaled part. Pixels beyond the part count for nothing.
    """
    if max(side, size) > _LARGEST_TABLE:
        matrices = _matrices(starts, lengths, side, size, kind)
        return matrices if reverse is None else torch.where(reverse[:, None, None], matrices.flip(1), matrices)
    rows = starts * side + lengths - 1
    if reverse is not None:
        rows = rows + side * side * reverse
    return _table(side, size, kind, starts.device).index_select(0, rows)


@cache
def _table(side: int, size: int, kind: Interpolation, device: torch.device) -> Tensor:
    """The matrices of all parts of an axis, by mirrored, start and length: (2 * side * side, size, side)."""
    numbers = torch.arange(side * side)
    starts, lengths = numbers // side, numbers % side + 1
    matrices = _matrices(starts, torch.minimum(lengths, side - starts), side, size, kind)
    return torch.cat([matrices, matrices.flip(1)]).to(device)


def _matrices(starts: Tensor, lengths: Tensor, side: int, size: int, kind: Interpolation) -> Tensor:
    """As `axis_matrices` without mirroring, computed in float64."""
    starts, lengths = (numbers.double()[:, None, None] for numbers in (starts, lengths))
    step = lengths / size
    pixels = torch.arange(side, device=starts.device)
    centres = starts + (torch.arange(size, device=starts.device)[:, None] + 0.5) * step
    distances = (pixels + 0.5 - centres) / step.clamp_min(1)
    weights = _weights(distances.abs(), kind)
    weights *= (pixels >= starts) & (pixels < starts + lengths)
    return (weights / weights.sum(2, keepdim=True)).float()


def _weights(distances: Tensor, kind: Interpolation) -> Tensor:
    """The filter's value at each distance from its centre."""
    if kind == "bilinear":
        return (1 - distances).clamp_min(0)
    near = ((_SHARPNESS + 2) * distances - (_SHARPNESS + 3)) * distances**2 + 1
    far = _SHARPNESS * (((distances - 5) * distances + 8) * distances - 4)
    return torch.where(distances < 1, near, torch.where(distances < 2, far, 0))
