"""MixUp (Zhang et al., 2018) of images or features."""

import torch
from torch import Tensor

from models.fewshot.augmentation.changes import Each, beside, beside_labels, draws_shape
from models.fewshot.augmentation.draws import TaskDraws
from models.fewshot.augmentation.soft_episode import SoftEpisode

_CONCENTRATION = 1


def mix_up(images: Tensor, labels: Tensor, draws: TaskDraws, each: Each) -> tuple[Tensor, Tensor]:
    """Images, or features (tasks, way, n, d), mixed with others of their task, and labels by the same weights.

    The weights are of Beta(1, 1), one for every task or for every image; the others are a permutation of the task's.
    """
    weights = draws.beta("weight", _CONCENTRATION, *draws_shape(images, each))
    return mixed_by(weights, images, labels, draws)


def mixed_by(weights: Tensor, images: Tensor, labels: Tensor, draws: TaskDraws) -> tuple[Tensor, Tensor]:
    """MixUp with given weights of the image itself, (tasks, a, b), which broadcast against (tasks, way, n)."""
    other_images, other_labels = partners(images, labels, draws)
    weights = weights.to(images.dtype)
    of_images = beside(weights, images)
    of_labels = beside_labels(weights, images)
    return (
        of_images * images + (1 - of_images) * other_images,
        of_labels * labels + (1 - of_labels) * other_labels,
    )


def mix_classes(episode: SoftEpisode, draws: TaskDraws) -> SoftEpisode:
    """New classes of two: each image is the mean of one of a class and one of a spare class. Labels stay one-hot."""
    del draws  # a mean needs none
    spare = episode.further
    return episode._replace(support=(episode.support + spare.support) / 2, query=(episode.query + spare.query) / 2)


def partners(images: Tensor, labels: Tensor, draws: TaskDraws) -> tuple[Tensor, Tensor]:
    """The images of each task in an order drawn for it, and their labels."""
    order = draws.order("partner", labels.shape[1]).to(images.device, non_blocking=True)
    tasks = torch.arange(len(order), device=images.device)[:, None]
    return images.flatten(1, 2)[tasks, order].view(images.shape), labels[tasks, order]
