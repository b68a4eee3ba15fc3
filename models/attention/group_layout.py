"""Channels-first maps cut into windows and grids by reshapes and transposes of rank 5 at most, for exports."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from models.attention.partitions import Kind

# From (batch and channels, row, row, column, column) to (..., groups' rows and columns, members' rows and columns).
_ORDERS: dict[Kind, tuple[int, ...]] = {"window": (0, 1, 3, 2, 4), "grid": (0, 2, 4, 1, 3)}
_BACK: dict[Kind, tuple[int, ...]] = {"window": (0, 1, 3, 2, 4), "grid": (0, 3, 1, 4, 2)}


@dataclass(frozen=True)
class GroupLayout:
    """The groups of a map, all of one size: counts of groups and of members, down and across.

    Maps are filled up at their ends; height and width of an exported graph may be open.
    """

    kind: Kind
    height: int
    width: int
    counts: tuple[int, int]
    members: tuple[int, int]

    @classmethod
    def of(cls, kind: Kind, height: int, width: int, size: int) -> "GroupLayout":
        """The layout of groups of at most size x size pixels."""
        (rows, down), (columns, across) = (_split(kind, pixels, size) for pixels in (height, width))
        return cls(kind, height, width, (rows, columns), (down, across))

    def groups(self, maps: Tensor, heads: int) -> Tensor:
        """Maps (batch, channels, height, width) as (batch, heads, groups, head size, members)."""
        below, right = (full - own for full, own in zip(self._full, (self.height, self.width), strict=True))
        full = maps if self._divides else F.pad(maps, (0, right, 0, below))
        cut = full.reshape(-1, *self._axes).permute(_ORDERS[self.kind])
        batch, channels = maps.shape[:2]
        return cut.reshape(batch, heads, channels // heads, *self._sizes).transpose(2, 3)

    def joined(self, groups: Tensor, channels: int) -> Tensor:
        """The maps of groups as `groups` gives them."""
        ordered = groups.transpose(2, 3).reshape(-1, *self.counts, *self.members)
        full = ordered.permute(_BACK[self.kind]).reshape(groups.shape[0], channels, *self._full)
        return full if self._divides else full[:, :, : self.height, : self.width]

    def real(self, device: torch.device) -> Tensor | None:
        """Whether each key is a pixel of the map: (groups, 1, members); None if all are."""
        if self._divides:
            return None
        rows = torch.arange(self._full[0], device=device) < self.height
        columns = torch.arange(self._full[1], device=device) < self.width
        cut = torch.logical_and(rows[:, None], columns).reshape(1, *self._axes).permute(_ORDERS[self.kind])
        return cut.reshape(*self._sizes)[:, None]

    @property
    def _divides(self) -> bool:
        """Whether groups are known to divide the map; a comparison of an open size would be frozen into the graph."""
        sides = (*self._full, self.height, self.width)
        return all(isinstance(side, int) for side in sides) and self._full == (self.height, self.width)

    @property
    def _full(self) -> tuple[int, int]:
        return self.counts[0] * self.members[0], self.counts[1] * self.members[1]

    @property
    def _axes(self) -> tuple[int, ...]:
        pairs = (zip(self.counts, self.members, strict=True), zip(self.members, self.counts, strict=True))
        return tuple(size for pair in pairs[self.kind == "grid"] for size in pair)

    @property
    def _sizes(self) -> tuple[int, int]:
        return self.counts[0] * self.counts[1], self.members[0] * self.members[1]


def _split(kind: Kind, pixels: int, size: int) -> tuple[int, int]:
    """Groups and members of an axis; where a graph leaves the pixels open, members are `size`."""
    if not isinstance(pixels, int):
        return (pixels + size - 1) // size, size
    if kind == "window":
        members = min(size, pixels)
        return -(-pixels // members), members
    groups = -(-pixels // size)
    return groups, -(-pixels // groups)
