"""Rotation: of images by small angles, of classes by multiples of 90 degrees."""

import math

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from models.fewshot.augmentation.changes import Each, beside, draws_shape
from models.fewshot.augmentation.draws import TaskDraws
from models.fewshot.augmentation.soft_episode import SoftEpisode

_DEGREES = 30.0


def rotate(images: Tensor, draws: TaskDraws, each: Each, degrees: float = _DEGREES) -> Tensor:
    """Images turned about their centres by uniform angles of at most `degrees` to either side.

    Pixels are interpolated linearly; what comes from outside is 0, the mean colour of normalised images.
    """
    angles = draws.between("angle", -degrees, degrees, *draws_shape(images, each))
    turned = grid_sample(
        images.flatten(0, 2), _grid(angles, images), mode="bilinear", padding_mode="zeros", align_corners=True
    )
    return torch.where(beside(angles == 0, images), images, turned.view(images.shape))


def _grid(angles: Tensor, images: Tensor) -> Tensor:
    """Where the pixels of turned images come from: (images, height, width, 2), between -1 and 1 inside."""
    height, width = images.shape[-2:]
    radians = angles.expand(images.shape[:3]).flatten() * (math.pi / 180)
    sine, cosine = (part.to(images.dtype).to(images.device)[:, None, None] for part in (radians.sin(), radians.cos()))
    y, x = (
        torch.arange(extent, dtype=images.dtype, device=images.device) - (extent - 1) / 2 for extent in (height, width)
    )
    y = y[:, None]
    across, down = cosine * x - sine * y, sine * x + cosine * y
    return torch.stack([across / max(0.5, (width - 1) / 2), down / max(0.5, (height - 1) / 2)], -1)


def turn_classes(episode: SoftEpisode, draws: TaskDraws, probability: float) -> SoftEpisode:
    """Whole classes turned by 90, 180 or 270 degrees, with a probability each: they become other classes.

    Support and query images of a class have the same turn. Raises ValueError for images that are not square.
    """
    turns = class_turns(draws, episode.support.shape[1], probability)
    return episode._replace(support=turned_by(turns, episode.support), query=turned_by(turns, episode.query))


def class_turns(draws: TaskDraws, way: int, probability: float) -> Tensor:
    """How many times each class turns by 90 degrees: (tasks, way), int64, above 0 with a probability."""
    return torch.where(draws.happens("turned", probability, way), 1 + draws.below("turns", 3, way), 0)


def turned_by(turns: Tensor, images: Tensor) -> Tensor:
    """Images (tasks, way, n, channels, height, width) with the classes turned `turns` (tasks, way) times by 90 degrees.

    Only the classes that turn are computed. Raises ValueError for images that are not square.
    """
    height, width = images.shape[-2:]
    if height != width:
        raise ValueError(f"images are {height} x {width}; a rotation by 90 degrees allows square ones")
    if not turns.any():
        return images
    found = images.clone()
    for times in (1, 2, 3):
        places = tuple(place.to(images.device, non_blocking=True) for place in (turns == times).nonzero(as_tuple=True))
        found[places] = images[places].rot90(times, (-2, -1))
    return found
