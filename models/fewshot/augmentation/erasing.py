"""Random erasing (Zhong et al., 2020)."""

import math

import torch
from torch import Tensor

from models.fewshot.augmentation.boxes import Boxes
from models.fewshot.augmentation.changes import Each, beside, draws_shape
from models.fewshot.augmentation.draws import TaskDraws

_LEAST_AREA, _MOST_AREA = 0.02, 0.4
_RATIO = 3.3
_ATTEMPTS = 10


def random_erase(images: Tensor, draws: TaskDraws, each: Each, probability: float = 0.5) -> Tensor:
    """A box becomes 0, which is the mean colour of normalised images, with a probability.

    The box covers 0.02 to 0.4 of the image, with a ratio of height to width of 0.3 to 3.3 before rounding. If no box of
    ten drawn fits, which only tiny images see, the image stays as it is.
    """
    shape = draws_shape(images, each)
    boxes, fits = _boxes(images, draws, shape)
    erased = beside(draws.happens("erased", probability, *shape) & fits, images)
    return images.masked_fill(boxes.mask(images.device) & erased, 0)


def _boxes(images: Tensor, draws: TaskDraws, shape: tuple[int, int]) -> tuple[Boxes, Tensor]:
    """Boxes, the first of each ten that fits, and whether one did: (tasks, *shape)."""
    height, width = images.shape[-2:]
    pixels = height * width
    area = draws.between("area", _LEAST_AREA, _MOST_AREA, *shape, _ATTEMPTS) * pixels
    ratio = draws.between("ratio", -math.log(_RATIO), math.log(_RATIO), *shape, _ATTEMPTS).exp()
    heights, widths = (area * ratio).sqrt().round().long(), (area / ratio).sqrt().round().long()
    covered = heights * widths / pixels
    fits = (heights <= height) & (widths <= width) & (covered >= _LEAST_AREA) & (covered <= _MOST_AREA)
    first = fits.long().argmax(-1, keepdim=True)
    found = fits.any(-1)
    heights, widths = (torch.where(found, sizes.gather(-1, first)[..., 0], 0) for sizes in (heights, widths))
    top = draws.below("top", height - heights + 1, *shape)
    left = draws.below("left", width - widths + 1, *shape)
    return Boxes(top, top + heights, left, left + widths, height, width), found
