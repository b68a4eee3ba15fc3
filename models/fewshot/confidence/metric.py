"""The learnt metric from which the confidence of a query follows."""

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from models.fewshot.heads.distances import squared_distances

_HIDDEN = 64


class InstanceMetric(nn.Module):
    """Queries (tasks, queries, d) and prototypes (tasks, ways, d) to logits (tasks, queries, ways).

    A logit is the negative squared distance of query and prototype, each of norm 1 and divided by a scale of its own,
    which a network computes from the features (instance-wise metric). A large scale of a query makes its shares of the
    ways even, which is low confidence.

    features_dim: d.
    """

    def __init__(self, features_dim: int) -> None:
        super().__init__()
        self.network = nn.Sequential(nn.Linear(features_dim, _HIDDEN), nn.ReLU(), nn.Linear(_HIDDEN, 1), nn.Sigmoid())
        self.log_range = nn.Parameter(torch.zeros(()))
        self.log_least = nn.Parameter(torch.zeros(()))

    def forward(self, query: Tensor, prototypes: Tensor) -> Tensor:
        origin = query.new_zeros(len(query), 1, 1)
        return -squared_distances(self.scaled(query), self.scaled(prototypes), origin)

    def scaled(self, features: Tensor) -> Tensor:
        """Features (..., d), of norm 1 before they are divided by their scale."""
        return normalize(features, dim=-1) / self.scale(features)

    def scale(self, features: Tensor) -> Tensor:
        """The scale of features (..., d): (..., 1). It lies between two learnt bounds, 1 and 2 at the start."""
        share: Tensor = self.network(features)
        return self.log_least.exp() + self.log_range.exp() * share
