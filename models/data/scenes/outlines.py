"""Outlines of the objects in procedural scenes, as functions of the place."""

import torch
from torch import Tensor

UNKNOWN = "unknown"
"""An object of no category."""

SHAPES = ("disc", "square", "triangle", "cross", "ring", "star")
"""The categories of objects."""

_TRIANGLE_NORMALS = ((0.0, 1.0), (0.8660254, -0.5), (-0.8660254, -0.5))


def depth_inside(shape: str, right: Tensor, down: Tensor) -> Tensor:
    """How far places lie inside an outline of radius 1 around the origin; below 0 outside.

    shape: one of `SHAPES`, or `UNKNOWN`. right, down: the coordinates, of one shape, which the result has, too. Near an
    outline, results are distances from it, in radii, up to a factor near 1.
    """
    distance, angle = torch.hypot(right, down), torch.atan2(down, right)
    across, along = right.abs(), down.abs()
    match shape:
        case "disc":
            return 0.95 - distance
        case "square":
            return 0.8 - torch.maximum(across, along)
        case "triangle":
            sides = [right * first + down * second for first, second in _TRIANGLE_NORMALS]
            return 0.55 - torch.stack(sides).amax(0)
        case "cross":
            upright = torch.minimum(0.3 - across, 0.95 - along)
            level = torch.minimum(0.95 - across, 0.3 - along)
            return torch.maximum(upright, level)
        case "ring":
            return 0.22 - (0.73 - distance).abs()
        case "star":
            return 0.65 + 0.3 * torch.cos(5 * angle) - distance
    return 0.65 + 0.2 * torch.cos(3 * angle) + 0.1 * torch.cos(2 * angle) - distance
