"""The head of Prototypical Networks: every class is the mean of its support."""

from torch import Tensor

from models.fewshot.heads.checks import check_finite, class_weights
from models.fewshot.heads.distances import squared_distances
from models.fewshot.heads.precision import in_given_precision


@in_given_precision
def prototype_logits(query: Tensor, support: Tensor, labels: Tensor, ways: int) -> Tensor:
    """-|q - p|^2 / d for every query q and every prototype p: (tasks, queries, ways).

    query: (tasks, queries, d). support: (tasks, samples, d). labels: int64 (tasks, samples), or soft (tasks, samples,
    ways), which weight the samples in the means. Raises ValueError for inputs that do not fit together, a way without
    support, and features that are not finite.
    """
    weights = class_weights(query, support, labels, ways)
    # Distances are the same from any origin. About the support's mean, |q|^2 - 2 q p + |p|^2 loses no digits to an
    # offset that all features share.
    origin = support.detach().mean(1, keepdim=True)
    shares = weights / weights.sum(1, keepdim=True)
    prototypes = shares.mT @ (support - origin)
    logits = squared_distances(query, prototypes, origin) / -query.shape[-1]
    check_finite(logits, query, support)
    return logits
