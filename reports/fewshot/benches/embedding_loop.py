"""Evaluation without reuse: every episode's images are embedded anew, as few-shot codes commonly do."""

import torch
from torch import Tensor, nn

from models.fewshot.episodes import Episodes
from models.fewshot.evaluation import Head, embedded_at_once


@torch.no_grad()
def looped_accuracies(encoder: nn.Module, episodes: Episodes, count: int, head: Head) -> Tensor:
    """The share of queries that a head classifies rightly in each of the first `count` episodes: (count,), float64.

    Images are normalised once, all episodes are drawn at once, and images are embedded as many at a time as where each
    is embedded once: only the embedding is repeated. The encoder is in evaluation mode.
    """
    shape, classes = episodes.shape, episodes.classes
    images = episodes.data.normalise(classes.images)
    at_once = embedded_at_once(episodes.data)
    support_labels, query_labels = episodes.labels(1, shape.shot), episodes.labels(1, shape.query)
    found = []
    for chosen in episodes.indices(range(count)).to(images.device):
        parts = torch.split(chosen.flatten(), at_once)
        features = torch.cat([encoder(images[part]) for part in parts]).view(*chosen.shape, -1)
        support, query = features[:, : shape.shot].flatten(0, 1), features[:, shape.shot :].flatten(0, 1)
        predicted = head(query[None], support[None], support_labels, shape.way).argmax(2)
        found.append((predicted == query_labels).double().mean())
    return torch.stack(found).cpu()
