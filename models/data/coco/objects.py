"""Pictures and their objects, as a file of COCO's layout lists them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.data.coco.polygons import polygon_mask
from models.data.coco.run_lengths import Mask, mask_of


@dataclass(frozen=True)
class Outline:
    """The pixels of an object: polygons, or the counts of a mask; see `polygon_mask` and `mask_of`."""

    polygons: Sequence[Sequence[float]] = ()
    counts: Sequence[int] | None = None

    def mask(self, height: int, width: int) -> Mask:
        """The pixels as (height, width)."""
        if self.counts is not None:
            return mask_of(self.counts, height, width)
        return polygon_mask(self.polygons, height, width)


@dataclass(frozen=True)
class CocoObject:
    """An object. label: of its category, from 1 on. box: left, upper, right and lower edge, in pixels.

    area: in pixels, which sorts it into small, medium and large. crowd: whether it is a group, which counts neither as
    found nor as missed.
    """

    label: int
    box: tuple[float, float, float, float]
    outline: Outline
    area: float
    crowd: bool = False


@dataclass(frozen=True)
class CocoPicture:
    """A picture. number: its id in the file."""

    number: int
    file: str
    height: int
    width: int
    objects: tuple[CocoObject, ...] = ()

    def masks(self) -> Mask:
        """The masks of its objects: (objects, height, width)."""
        masks = [one.outline.mask(self.height, self.width) for one in self.objects]
        return np.stack(masks) if masks else np.zeros((0, self.height, self.width), dtype=bool)


@dataclass(frozen=True)
class CocoPictures:
    """The pictures of one file. categories: their names, by label from 1 on; categories are sorted by their ids."""

    categories: tuple[str, ...]
    category_ids: tuple[int, ...]
    pictures: tuple[CocoPicture, ...]
