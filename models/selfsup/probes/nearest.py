"""Classification by the nearest neighbours among labelled features."""

import torch
from torch import Tensor
from torch.nn.functional import normalize

from models.checks import check_above_zero, check_positive

NEIGHBOURS, TEMPERATURE = 200, 0.1
"""Neighbours that vote, and the temperature of their weights."""

_SIMILARITIES_AT_ONCE = 1 << 24


@torch.no_grad()
def nearest_neighbours(
    features: Tensor,
    labels: Tensor,
    queries: Tensor,
    classes: int,
    neighbours: int = NEIGHBOURS,
    temperature: float = TEMPERATURE,
) -> Tensor:
    """The share of each class in the votes of a query's neighbours: (queries, classes), of the features' dtype.

    features: (images, d), with labels (images,). queries: (queries, d). The neighbours with the largest cosines vote
    with weight exp(cosine / temperature); if there are fewer images than `neighbours`, all vote.

    Raises ValueError for no neighbours, no images, or a temperature that is not positive.
    """
    check_positive("neighbours", neighbours)
    check_positive("number of labelled images", len(features))
    check_above_zero("temperature", temperature)
    keys = normalize(features, dim=1)
    count = min(neighbours, len(keys))
    found = []
    for part in torch.split(normalize(queries, dim=1), max(1, _SIMILARITIES_AT_ONCE // len(keys))):
        cosines, nearest = (part @ keys.T).topk(count)
        weights = (cosines / temperature).softmax(1)  # the votes' shares; exp alone overflows at low temperatures
        votes = torch.zeros(len(part), classes, dtype=weights.dtype, device=weights.device)
        found.append(votes.scatter_add_(1, labels[nearest], weights))
    return torch.cat(found)
