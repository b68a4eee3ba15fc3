"""CutMix of query views: a box of each comes from the same view of another image, and so does a share of its label."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.data.draws import Integers, key_of, uniform
from models.fewshot.augmentation.boxes import Boxes

_SHARE, _ROW, _COLUMN, _ORDER = range(4)  # streams of draws


class Mixed(NamedTuple):
    """Mixed views (views, images, ...) of one task, or of several whose images follow one another.

    partners: the place of each image's other one in its task, (images,) or (tasks, images). shares: of its own label,
    float32, of the same shape.
    """

    views: Tensor
    partners: Tensor
    shares: Tensor


def cut_mix(views: Tensor, numbers: Integers, seed: int, epoch: int) -> Mixed:
    """Views (views, images, channels, height, width) mixed in pairs; all views of an image share its box.

    The share outside the box is uniform, which is Beta(1, 1), before the box is cut off at the borders. The partners
    are a permutation. A function of seed, epoch and the numbers of the images.
    """
    height, width = views.shape[-2:]
    key = key_of("query cutmix", seed, epoch)
    kept, row, column, order = (uniform(key, numbers, stream, 0) for stream in (_SHARE, _ROW, _COLUMN, _ORDER))
    side = np.sqrt(1 - kept)
    rows, columns, heights, widths = (
        torch.from_numpy(edge.astype(np.int64)) for edge in (row * height, column * width, side * height, side * width)
    )
    boxes = Boxes.around(rows, columns, heights, widths, height, width)
    partners = _circle(order).to(views.device, non_blocking=True)
    mixed = torch.where(boxes.mask(views.device), views[:, partners], views)
    return Mixed(mixed, partners, (1 - boxes.shares).float().to(views.device, non_blocking=True))


def _circle(order: NDArray[np.float64]) -> Tensor:
    """The partner of each image: the next one in the order of the draws, and the first of the last one."""
    places = np.argsort(order, kind="stable")
    partners = np.empty_like(places)
    partners[places] = np.roll(places, -1)
    return torch.from_numpy(partners)
