"""Maps cut into groups of pixels, whatever their size: windows of neighbours, and grids of distant pixels.

A cut of an axis gives at most two kinds of groups, those of full size and the rest. No pixel is added to a group.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

Kind = Literal["window", "grid"]


@dataclass(frozen=True)
class Span:
    """The pixels `start + outer * step + inner` of an axis, for `outers` values of outer and `inners` of inner."""

    start: int
    outers: int
    inners: int
    step: int

    def times(self, channels: int) -> "Span":
        """The same pixels of an axis that holds each pixel's channels, too."""
        return Span(self.start * channels, self.outers, self.inners * channels, self.step * channels)

    def cut(self, pixels: Tensor, axis: int) -> Tensor:
        """A view of the pixels, in which the axis becomes two: outer, inner."""
        if self.inners == self.step or self.outers == 1:
            part = pixels.narrow(axis, self.start, self.outers * self.inners)
            return part.view(*part.shape[:axis], self.outers, self.inners, *part.shape[axis + 1 :])
        whole = pixels.view(*pixels.shape[:axis], -1, self.step, *pixels.shape[axis + 1 :])
        return whole.narrow(axis, 0, self.outers).narrow(axis + 1, self.start, self.inners)


def window_spans(pixels: int, window: int) -> list[Span]:
    """Neighbours, `window` at a time; outer counts the windows."""
    windows, rest = divmod(pixels, window)
    spans = (Span(0, windows, window, window), Span(windows * window, 1, rest, rest))
    return [span for span in spans if span.outers and span.inners]


def grid_spans(pixels: int, grid: int) -> list[Span]:
    """At most `grid` pixels at equal distances, as few groups as that takes; inner counts the groups."""
    step = -(-pixels // grid)
    size = -(-pixels // step)
    full = pixels - (size - 1) * step
    spans = (Span(0, size, full, step), Span(full, size - 1, step - full, step))
    return [span for span in spans if span.outers and span.inners]


SPANS: dict[Kind, Callable[[int, int], list[Span]]] = {"window": window_spans, "grid": grid_spans}
"""The cuts of an axis, for its pixels and the size of a group."""


def extent(kind: Kind, pixels: int, size: int) -> int:
    """The pixels to which an axis is filled up before it is cut: a multiple of the distance in a grid."""
    step = 1 if kind == "window" else -(-pixels // size)
    return -(-pixels // step) * step


# (batch, outer and inner rows, outer and inner columns, channels) to (batch, groups ..., members ..., channels). The
# columns of a window stay together with their channels, which leaves rank 5.
_ORDERS: dict[Kind, tuple[int, ...]] = {"window": (0, 1, 3, 2, 4), "grid": (0, 2, 4, 1, 3, 5)}
_BACK: dict[Kind, tuple[int, ...]] = {"window": (0, 1, 3, 2, 4), "grid": (0, 3, 1, 4, 2, 5)}


@dataclass(frozen=True)
class Region:
    """The groups of one shape in a map: those of a span of rows and a span of columns."""

    kind: Kind
    rows: Span
    columns: Span

    def groups(self, pixels: Tensor) -> Tensor:
        """The map (batch, height, width, channels) as (batch, groups, groups, members ..., channels).

        A window's last axis holds its columns and their channels. A view, if the channels are contiguous.
        """
        if self.kind == "window":
            cut = self.columns.times(pixels.shape[3]).cut(self.rows.cut(pixels.flatten(2), 1), 3)
        else:
            cut = self.columns.cut(self.rows.cut(pixels, 1), 3)
        return cut.permute(_ORDERS[self.kind])

    def members(self) -> tuple[int, int]:
        """The rows and columns of a group."""
        if self.kind == "window":
            return self.rows.inners, self.columns.inners
        return self.rows.outers, self.columns.outers


def regions(kind: Kind, height: int, width: int, size: int) -> list[Region]:
    """The regions of a map, which hold each pixel once."""
    spans = SPANS[kind]
    return [Region(kind, rows, columns) for rows in spans(height, size) for columns in spans(width, size)]


def joined(parts: Iterable[tuple[Region, Tensor]], height: int, width: int, channels: int) -> Tensor:
    """The map (batch, height, width, channels) of the regions' groups; pixels in no region are undefined."""
    (first, groups), *rest = parts
    shape = (groups.shape[0], height, width, channels)
    if not rest:
        return groups.permute(_BACK[first.kind]).reshape(shape)
    whole = groups.new_empty(shape)
    for region, values in ((first, groups), *rest):
        region.groups(whole).copy_(values)
    return whole
