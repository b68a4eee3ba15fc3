"""A classification problem: the queries of a task, each with its class."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy


@dataclass(frozen=True)
class Classification:
    """Logits of queries, (queries, classes), and their classes, (queries,)."""

    logits: Tensor
    labels: Tensor

    @property
    def loss(self) -> Tensor:
        """The mean cross-entropy of the queries: (). It is taken from log-sum-exps, which no logit overflows."""
        return cross_entropy(self.logits, self.labels)

    def mixed_loss(self, partners: Tensor, shares: Tensor) -> Tensor:
        """The mean cross-entropy of queries that are mixed of two classes: ().

        partners: each query's other class, (queries,). shares: of its own class, (queries,), 0 to 1.
        """
        own, other = (cross_entropy(self.logits, labels, reduction="none") for labels in (self.labels, partners))
        return (shares * own + (1 - shares) * other).mean()

    @property
    def accuracy(self) -> Tensor:
        """The share of queries whose largest logit is that of their class: (), without gradients."""
        return (self.logits.detach().argmax(1) == self.labels).float().mean()


def query_labels(query: Tensor, first: int) -> Tensor:
    """The classes of queries (views, images, ...), flattened: each image is a class, numbered from `first` on."""
    views, images = query.shape[:2]
    return torch.arange(first, first + images, device=query.device).repeat(views)
