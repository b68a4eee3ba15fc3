"""Boxes in images."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Boxes:
    """Boxes within images of height x width: edges in pixels, int64, of one shape; bottom and right lie outside."""

    top: Tensor
    bottom: Tensor
    left: Tensor
    right: Tensor
    height: int
    width: int

    @classmethod
    def around(cls, rows: Tensor, columns: Tensor, heights: Tensor, widths: Tensor, height: int, width: int) -> "Boxes":
        """Boxes around centres, cut off at the images' borders. Odd heights and widths lose a pixel, as published."""
        return cls(
            (rows - heights // 2).clamp(0, height),
            (rows + heights // 2).clamp(0, height),
            (columns - widths // 2).clamp(0, width),
            (columns + widths // 2).clamp(0, width),
            height,
            width,
        )

    @property
    def shares(self) -> Tensor:
        """The share of the image's pixels inside, float64."""
        pixels = (self.bottom - self.top) * (self.right - self.left)
        return pixels.double() / (self.height * self.width)

    def mask(self, device: torch.device) -> Tensor:
        """True inside: (..., 1, height, width)."""
        rows = _between(self.top, self.bottom, self.height, device)
        columns = _between(self.left, self.right, self.width, device)
        return (rows[..., :, None] & columns[..., None, :]).unsqueeze(-3)


def _between(first: Tensor, last: Tensor, extent: int, device: torch.device) -> Tensor:
    places = torch.arange(extent, device=device)
    first, last = (edge.to(device, non_blocking=True)[..., None] for edge in (first, last))
    return (places >= first) & (places < last)
