"""Images of one data set, brought to the shape that a network for another takes."""

import torch
from torch import Tensor
from torch.nn.functional import interpolate

LUMA = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in the luma (ITU-R BT.601)."""

_AT_ONCE = 1024


def fitted_images(images: Tensor, shape: tuple[int, int, int], name: str) -> Tensor:
    """uint8 images (count, channels, height, width) in another shape, (channels, height, width).

    Images of that shape come back as they are. Others are scaled bilinearly, with antialiasing, to the height and
    width. Grey images become three equal channels, colours their luma. name: of the data set. Raises ValueError for
    other numbers of channels.
    """
    if images.shape[1:] == shape:
        return images
    channels, height, width = shape
    parts = torch.split(_in_channels(images, channels, name), _AT_ONCE)
    return torch.cat([_scaled(part, height, width) for part in parts])


def _in_channels(images: Tensor, channels: int, name: str) -> Tensor:
    found = images.shape[1]
    if found == channels:
        return images
    if {found, channels} != {1, 3}:
        raise ValueError(f"{name} has images of {found} channels; allowed are {channels}, and 1 for 3 or 3 for 1")
    if channels == 3:
        return images.expand(-1, 3, -1, -1)
    luma = torch.einsum("nchw,c->nhw", images.float(), torch.tensor(LUMA))
    return luma.round().byte()[:, None]


def _scaled(images: Tensor, height: int, width: int) -> Tensor:
    if images.shape[-2:] == (height, width):
        return images.contiguous()
    scaled = interpolate(images.float(), (height, width), mode="bilinear", antialias=True)
    return scaled.round().clamp(0, 255).byte()
