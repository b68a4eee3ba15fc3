"""Gaussian blur through a matrix for each axis."""

from functools import cache

import torch
from torch import Tensor

_RADIUS = 0.05  # of the side: the kernel's width is a tenth of it


def blur_matrices(sigmas: Tensor, side: int) -> Tensor:
    """For each standard deviation, in pixels, the matrix that blurs an axis: (sigmas, side, side), float32.

    The kernel reaches to a twentieth of the side in both directions; pixels are mirrored at the edges.
    """
    places = _places(side, sigmas.device)
    radius = len(places) // 2
    distances = torch.arange(-radius, radius + 1, device=sigmas.device)
    weights = torch.exp(-((distances / sigmas[:, None]) ** 2) / 2)
    weights = weights / weights.sum(1, keepdim=True)
    return (weights.float() @ places.flatten(1)).view(-1, side, side)


@cache
def _places(side: int, device: torch.device) -> Tensor:
    """The places of each of the kernel's weights in the matrix: (weights, side, side), 0 or 1."""
    radius = max(1, round(_RADIUS * side))
    pixels = torch.arange(side)
    found = torch.zeros(2 * radius + 1, side, side)
    for number, shift in enumerate(range(-radius, radius + 1)):
        mirrored = (pixels + shift).abs()
        mirrored = (side - 1) - ((side - 1) - mirrored).abs()
        found[number, pixels, mirrored] = 1
    return found.to(device)
