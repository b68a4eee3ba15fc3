"""Evaluation of frozen features on episodes: each image is embedded once, whatever number of episodes it is in."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from models.checks import check_positive
from models.fewshot.class_images import FewShotData
from models.fewshot.episodes import Episodes
from models.progress import Progress

Head = Callable[[Tensor, Tensor, Tensor, int], Tensor]
"""Classifies queries by the support: (query features (tasks, m, d), support features (tasks, n, d), support labels
(tasks, n), or soft ones (tasks, n, ways), ways) -> logits (tasks, m, ways)."""

_PIXELS_AT_ONCE = 1 << 21  # of a batch
_PIXELS_IN_CACHE = 1 << 18  # of a batch whose maps stay in a CPU's cache from layer to layer
_GATHERED_BYTES = 1 << 24  # of features, so that a batch of episodes stays in the cache


@torch.no_grad()
def embed(network: nn.Module, data: FewShotData, split: str, progress: Progress | None = None) -> Tensor:
    """The features of all images of a split: (images, d). The network is in evaluation mode meanwhile.

    Raises ValueError if a feature is not finite, naming the class.
    """
    classes = data.split(split)
    task = (progress or Progress(quiet=True)).task(f"embedding: {split} of {data.name}", len(classes.images))
    found = []
    training = network.training
    network.eval()
    try:
        for images in torch.split(classes.images, embedded_at_once(data)):
            found.append(network(data.normalise(images)))
            task.advance(len(images))
    finally:
        network.train(training)
    features = torch.cat(found)
    broken = (~features.isfinite()).flatten(1).any(1)
    if broken.any():
        name = classes.names[int(classes.labels[broken][0])]
        raise ValueError(f"the features of class {name} in {split} of {data.name} are not finite")
    return features.flatten(1)


def images_at_once(data: FewShotData) -> int:
    """How many images of a data set a network takes at a time, the same on every device."""
    return max(1, _PIXELS_AT_ONCE // math.prod(data.shape))


def embedded_at_once(data: FewShotData) -> int:
    """How many images of a data set are embedded at a time: on a CPU, as many as its cache holds."""
    on_cpu = data.split("train").images.device.type == "cpu"
    return max(1, _PIXELS_IN_CACHE // math.prod(data.shape)) if on_cpu else images_at_once(data)


@torch.no_grad()
def episode_accuracies(
    features: Tensor, episodes: Episodes, count: int, head: Head, progress: Progress | None = None
) -> Tensor:
    """The share of queries that a head classifies correctly in each of the first `count` episodes: (count,), float64.

    features: of all images of the episodes' split, from `embed`.
    """
    check_positive("number of episodes", count)
    shape = episodes.shape
    found = []
    with progress or Progress(quiet=True) as shown:
        task = shown.task(f"evaluating: {shape.way}-way {shape.shot}-shot", count)
        for numbers in _batches(count, features, episodes):
            chosen = features[episodes.indices(numbers).to(features.device)]
            support, query = chosen[:, :, : shape.shot].flatten(1, 2), chosen[:, :, shape.shot :].flatten(1, 2)
            labels = episodes.labels(len(numbers), shape.shot), episodes.labels(len(numbers), shape.query)
            right = head(query, support, labels[0], shape.way).argmax(2) == labels[1]
            found.append(right.double().mean(1))
            task.advance(len(numbers))
    return torch.cat(found).cpu()


def _batches(count: int, features: Tensor, episodes: Episodes) -> Iterator[range]:
    shape = episodes.shape
    one = shape.way * (shape.shot + shape.query) * features[0].numel() * features.element_size()
    size = max(1, _GATHERED_BYTES // one)
    return (range(first, min(first + size, count)) for first in range(0, count, size))
