"""Changes of colours, in place, of images held as planes (channels, images, pixels) with values from 0 to 1."""

import torch
from torch import Tensor

_GREY_SHARES = (0.2989, 0.587, 0.114)  # of red, green and blue
_SMALLEST_CHROMA = 1e-12


def grey_of(planes: Tensor) -> Tensor:
    """The grey values of images of one or three channels: (images, pixels)."""
    if len(planes) == 1:
        return planes[0]
    red, green, blue = _GREY_SHARES
    return (planes[0] * red).add_(planes[1], alpha=green).add_(planes[2], alpha=blue)


def blend(planes: Tensor, kept: Tensor, grey: Tensor | None, mean_grey: Tensor | None) -> None:
    """Replaces images by sums of a share of themselves, of their grey values and of the mean of these, within 0 to 1.

    kept, grey, mean_grey: the shares, (images, 1); None stands for shares of 0. Changes of brightness, contrast and
    saturation are such sums.
    """
    if grey is None and mean_grey is None:
        planes.mul_(kept).clamp_(0, 1)
        return
    values = grey_of(planes)
    added = torch.zeros_like(kept) if mean_grey is None else values.mean(1, keepdim=True).mul_(mean_grey)
    if grey is not None:
        added = torch.addcmul(added, values, grey)
    torch.addcmul(added, planes, kept, out=planes).clamp_(0, 1)


def shift_hue(planes: Tensor, turns: Tensor) -> None:
    """Turns the hue of colour images by shares of a full turn, -1/2 to 1/2: (images, 1).

    Hue is an angle, here in units of 60 degrees. With d the distance of the angle from a channel's own, folded to 0 to
    3, the channel is the largest value less the chroma times d - 1, limited to 0 to 1. Angles from -3 to 9 need two
    absolute values to fold.
    """
    red, green, blue = planes
    larger, smaller = torch.maximum(green, blue), torch.minimum(green, blue)
    offset = torch.where(green < blue, -6.0, 0.0)
    offset = torch.where(red < larger, -2 - offset, offset)
    middle = torch.minimum(red, larger)
    most = torch.maximum(red, larger)
    chroma = most - torch.minimum(middle, smaller)
    angle = torch.addcdiv(offset, middle.sub_(smaller), chroma.clamp_min(_SMALLEST_CHROMA)).abs_().add_(turns * 6)
    folded = torch.stack([angle - 3, angle - 2, angle - 4])
    folded.abs_().sub_(3).abs_().clamp_(1, 2)
    torch.addcmul(most + chroma, chroma, folded[0], value=-1, out=red)
    least = most.sub_(chroma, alpha=2)
    torch.addcmul(least, chroma, folded[1], out=green)
    torch.addcmul(least, chroma, folded[2], out=blue)


def remove_colour(planes: Tensor, images: Tensor) -> None:
    """Sets all channels of the images with these numbers to their grey values."""
    planes[:, images] = grey_of(planes[:, images])
