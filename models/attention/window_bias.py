"""Position bias of attention in windows: one value for each head and offset in two directions."""

import torch
from torch import Tensor, nn

from models.attention.options import checked_count

_STANDARD_DEVIATION = 0.02


class WindowBias(nn.Module):
    """A table of heads x (2 window - 1)^2, as in Swin: rows of offsets down the window, each along it."""

    undecayed = ("table",)

    def __init__(self, heads: int, window: int) -> None:
        super().__init__()
        self.window = checked_count("window", window)
        self.table = nn.Parameter(torch.empty(heads, (2 * window - 1) ** 2))
        nn.init.trunc_normal_(self.table, std=_STANDARD_DEVIATION)

    def forward(self, height: int, width: int) -> Tensor:
        """The bias of shape (heads, pixels, pixels) in a window of `height` x `width` pixels, read row by row."""
        rows = torch.arange(height, device=self.table.device).repeat_interleave(width)
        columns = torch.arange(width, device=self.table.device).repeat(height)
        places = rows * (2 * self.window - 1) + columns
        middle = 2 * self.window * (self.window - 1)
        offsets = places + (middle - places)[:, None]
        return self.table.index_select(1, offsets.flatten()).reshape(-1, *offsets.shape)
