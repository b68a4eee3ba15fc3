"""Prototypes refined by the queries, each by its confidence: Ren et al. (2018), MCT of Kye et al. (2020)."""

import math
from collections.abc import Callable

from torch import Tensor

from models.fewshot.heads.checks import check_finite, class_weights
from models.fewshot.heads.precision import in_given_precision

Metric = Callable[[Tensor, Tensor], Tensor]
"""Queries (tasks, queries, d) and prototypes (tasks, ways, d) to logits (tasks, queries, ways)."""


@in_given_precision
def refined_logits(
    query: Tensor,
    support: Tensor,
    labels: Tensor,
    ways: int,
    metric: Metric,
    rounds: int = 0,
    confidence: float = 1.0,
) -> Tensor:
    """The metric's logits of the queries for prototypes that the queries refine: (tasks, queries, ways).

    Prototypes start as the means of the support. A round assigns every query to the ways by the softmax of its logits,
    and makes each prototype the mean of its support and of all queries, weighted by their share times `confidence`.
    Without a round, or with a confidence of 0, each query is classified by itself (inductive); otherwise queries help
    each other (transductive).

    query: (tasks, queries, d). support: (tasks, samples, d). labels: int64 (tasks, samples), or soft (tasks, samples,
    ways), which weight the samples in the means. Differentiable through all rounds.

    Raises ValueError for inputs that do not fit together, a way without support, features that are not finite, a
    number of rounds below 0, and a confidence that is negative or not finite.
    """
    if not isinstance(rounds, int) or rounds < 0:
        raise ValueError(f"rounds is {rounds}; allowed is an integer of at least 0")
    if not 0 <= confidence < math.inf:
        raise ValueError(f"confidence is {confidence}; allowed is a number of at least 0")
    weights = class_weights(query, support, labels, ways)
    sums, masses = weights.mT @ support, weights.sum(1).unsqueeze(-1)
    logits = metric(query, sums / masses)
    for _ in range(rounds):
        shares = confidence * logits.softmax(-1)
        prototypes = (sums + shares.mT @ query) / (masses + shares.sum(1).unsqueeze(-1))
        logits = metric(query, prototypes)
    check_finite(logits, query, support)
    return logits
