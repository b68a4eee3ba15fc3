"""The dense loss: every pixel of an image's map tells the image's class among all training classes."""

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from models.backbones.options import seeded
from models.fewshot.augmentation.combination import Combination
from models.fewshot.augmentation.names import Mode
from models.fewshot.augmentation.soft_episode import SoftEpisode


class DenseClassifier(nn.Module):
    """A linear classifier of all training classes at every pixel of a map.

    Features (..., channels * pixels) become logits (..., pixels, classes). seed: of the initial weights.
    """

    def __init__(self, features_dim: int, pixels: int, classes: int, seed: int = 0) -> None:
        super().__init__()
        self.pixels = pixels
        with seeded(seed):
            self.linear = nn.Linear(features_dim // pixels, classes)

    def forward(self, features: Tensor) -> Tensor:
        logits: Tensor = self.linear(torch.unflatten(features, -1, (-1, self.pixels)).transpose(-2, -1))
        return logits


def dense_losses(
    classifier: nn.Module, classes: int, episode: SoftEpisode, drawn: Tensor, entry: Combination
) -> Tensor:
    """The dense losses of an augmented episode of features, by query: (tasks, queries).

    A query's loss takes in the support's mean loss, so that the mean over queries is that over all images. Labels of
    ways become labels of training classes: soft ones stay soft, a class made of two is half of either, and a turned
    class keeps its own.

    classes: to train on. drawn: those of each task, (tasks, way), or (tasks, 2 * way) if one may be made of two.
    """
    of_support = _classes_of_ways(drawn, classes, episode.support_labels, entry, "support")
    of_query = _classes_of_ways(drawn, classes, episode.query_labels, entry, "query")
    support = _losses(classifier, episode.support.flatten(1, 2), episode.support_labels @ of_support)
    query = _losses(classifier, episode.query.flatten(1, 2), episode.query_labels @ of_query)
    images = support.shape[1] + query.shape[1]
    return (support.sum(1, keepdim=True) + query.shape[1] * query) / images


def _losses(classifier: nn.Module, features: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy, the mean over pixels, of features (tasks, n, d): (tasks, n)."""
    logits: Tensor = classifier(features)
    return -(targets.unsqueeze(2).to(logits.dtype) * logits.log_softmax(-1)).sum(-1).mean(-1)


def _classes_of_ways(drawn: Tensor, classes: int, labels: Tensor, entry: Combination, mode: Mode) -> Tensor:
    """The share of every training class in each way: (tasks, way, classes)."""
    way = labels.shape[-1]
    shares = one_hot(drawn, classes).to(labels.dtype)
    return (shares[:, :way] + shares[:, way:]) / 2 if entry.doubles(mode) else shares[:, :way]
