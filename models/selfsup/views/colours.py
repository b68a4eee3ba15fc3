"""Changes of colours, in place, of images held as planes (channels, images, height, width), values 0 to 1."""

import torch
from torch import Tensor

_GREY_SHARES = (0.2989, 0.587, 0.114)  # of red, green and blue
_SMALLEST_CHROMA = 1e-12
_STEEP = 1e38  # makes any difference of two values large


def grey_of(planes: Tensor) -> Tensor:
    """The grey values of images of one or three channels: (images, height, width)."""
    if len(planes) == 1:
        return planes[0]
    red, green, blue = _GREY_SHARES
    return (planes[0] * red).add_(planes[1], alpha=green).add_(planes[2], alpha=blue)


def blend(planes: Tensor, kept: Tensor, grey: Tensor | None, mean_grey: Tensor | None) -> None:
    """Replaces images by sums of a share of themselves, of their grey values and of the mean of these, within 0 to 1.

    kept, grey, mean_grey: the shares, (images, 1, 1); None stands for shares of 0. Changes of brightness, contrast and
    saturation are such sums.
    """
    if grey is None and mean_grey is None:
        planes.mul_(kept).clamp_(0, 1)
        return
    values = grey_of(planes)
    mean = None if mean_grey is None else _mean(values) * mean_grey
    shades = None if grey is None else values * grey
    planes.mul_(kept)
    for added in (mean, shades):
        if added is not None:
            planes.add_(added)
    planes.clamp_(0, 1)


def shift_hue(planes: Tensor, turns: Tensor) -> None:
    """Turns the hue of colour images by shares of a full turn, -1/2 to 1/2: (images, 1, 1).

    Hue is an angle, here in units of 60 degrees. With d the distance of the angle from a channel's own, folded to 0 to
    3, the channel is the largest value less the chroma times d - 1, limited to 0 to 1. Angles from -3 to 9 need two
    absolute values to fold.
    """
    most, chroma, angle = _hue(*planes)
    angle.add_(turns * 6)
    folded = torch.empty_like(planes)
    for distance, centre in zip(folded, (3, 2, 4), strict=True):  # red is opposite to 180 degrees
        torch.sub(angle, centre, out=distance)
    folded.abs_().sub_(3).abs_().clamp_(1, 2)
    red, green, blue = planes
    torch.addcmul(most + chroma, folded[0], chroma, value=-1, out=red)
    least = most.sub_(chroma, alpha=2)
    torch.addcmul(least, folded[1], chroma, out=green)
    torch.addcmul(least, folded[2], chroma, out=blue)


def _mean(values: Tensor) -> Tensor:
    """The mean of each image, (images, 1, 1), row by row: threads share the sum of a single large image otherwise."""
    return values.mean(2, keepdim=True).mean(1, keepdim=True)


def _hue(red: Tensor, green: Tensor, blue: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The largest channel, the chroma, and the hue in units of 60 degrees, 0 to 6.

    Green and blue, then red and the larger of these, are put in order; the angle counts from the sector that the two
    comparisons tell. These are limited differences: torch's `where` takes twenty times as long.
    """
    larger, smaller = torch.maximum(green, blue), torch.minimum(green, blue)
    sector = _compared(green, blue, -5)
    sign = _compared(red, larger, -1)
    most, middle = torch.maximum(red, larger), torch.minimum(red, larger)
    chroma = most - torch.minimum(middle, smaller)
    within = middle.sub_(smaller).div_(chroma.clamp_min(_SMALLEST_CHROMA))
    return most, chroma, torch.addcmul(within, sector, sign).sub_(1).abs_()


def _compared(first: Tensor, second: Tensor, less: int) -> Tensor:
    """`less` where the first value is less than the second, 1 elsewhere."""
    return torch.rsub(first - second, 1, alpha=-_STEEP).clamp_(less, 1)


def remove_colour(planes: Tensor, images: Tensor) -> None:
    """Sets all channels of the images with these numbers to their grey values."""
    grey = grey_of(planes.index_select(1, images))
    for plane in planes:
        plane.index_copy_(0, images, grey)
