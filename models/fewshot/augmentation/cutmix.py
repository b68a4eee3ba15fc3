"""CutMix (Yun et al., 2019): a box of each image comes from another one."""

import torch
from torch import Tensor

from models.fewshot.augmentation.boxes import Boxes
from models.fewshot.augmentation.changes import Each, beside_labels, draws_shape
from models.fewshot.augmentation.draws import TaskDraws
from models.fewshot.augmentation.mixup import partners
from models.fewshot.augmentation.soft_episode import SoftEpisode

_CONCENTRATION = 2
_KEPT_OF_A_CLASS = 0.5


def cut_mix(images: Tensor, labels: Tensor, draws: TaskDraws, each: Each) -> tuple[Tensor, Tensor]:
    """A box of each image comes from another image of its task.

    The box leaves a share of Beta(2, 2) of an image before it is cut off at the borders. Labels mix by the pixels
    inside, counted. Every task has one box, or every image its own; the other images are a permutation of the task's.
    """
    kept = draws.beta("kept", _CONCENTRATION, *draws_shape(images, each))
    boxes = cut_boxes(images, draws, kept)
    other_images, other_labels = partners(images, labels, draws)
    share = beside_labels(boxes.shares.to(labels.dtype), images)
    mixed = torch.where(boxes.mask(images.device), other_images, images)
    return mixed, (1 - share) * labels + share * other_labels


def cut_mix_classes(episode: SoftEpisode, draws: TaskDraws) -> SoftEpisode:
    """New classes of two: a box in all images of a class comes from images of a spare one. Labels stay one-hot.

    Every class has one box, which leaves half of an image before it is cut off at the borders.
    """
    kept = torch.full(
        (len(draws.numbers), *draws_shape(episode.support, "class")), _KEPT_OF_A_CLASS, dtype=torch.float64
    )
    mask = cut_boxes(episode.support, draws, kept).mask(episode.support.device)
    support = torch.where(mask, episode.further.support, episode.support)
    return episode._replace(support=support, query=torch.where(mask, episode.further.query, episode.query))


def cut_boxes(images: Tensor, draws: TaskDraws, kept: Tensor) -> Boxes:
    """Boxes of the images' proportions around uniform centres. kept: share of an image outside, (tasks, a, b)."""
    height, width = images.shape[-2:]
    side = (1 - kept).sqrt()
    rows, columns = (draws.below(name, extent, *kept.shape[1:]) for name, extent in (("row", height), ("col", width)))
    return Boxes.around(rows, columns, (side * height).long(), (side * width).long(), height, width)
