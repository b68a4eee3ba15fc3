"""Filter-normalised distances in parameter space (dissertation section 5.5.1, Note 1, Algorithm 4 and Figure 5.3)."""

from collections.abc import Mapping

import torch
from torch import Tensor


def filter_normalised_distance(parameters: Mapping[str, Tensor], others: Mapping[str, Tensor]) -> Tensor:
    """Squared distances of a network to others of its kind, with every filter's change relative to its norm: (others,).

    A filter is a row of a weight of two or more dimensions: the weights of one output channel or unit. Its change
    counts as |change|^2 / |filter|^2, with the filter of `parameters` and its norm held constant. Biases and the
    parameters of norms, which have one dimension, do not count.

    parameters: by name. others: the same names, each with the other networks along a new first axis. Raises ValueError
    for names or shapes that do not fit, networks without filters, and a filter of zeros.
    """
    filters = {name: weight for name, weight in parameters.items() if weight.ndim >= 2}
    if not filters:
        raise ValueError(f"parameters {', '.join(parameters)} hold no filters: none has two dimensions")
    return torch.stack([_squared_changes(name, weight, others) for name, weight in filters.items()]).sum(0)


def _squared_changes(name: str, weight: Tensor, others: Mapping[str, Tensor]) -> Tensor:
    if name not in others or others[name].shape[1:] != weight.shape:
        found = tuple(others[name].shape) if name in others else "missing"
        raise ValueError(f"parameter {name} of the others is {found}; allowed is (others, *{tuple(weight.shape)})")
    squared_norms = weight.detach().flatten(1).square().sum(1)
    if not squared_norms.all():
        raise ValueError(f"filter {int((squared_norms == 0).nonzero()[0])} of {name} is zero: no change compares to it")
    return ((others[name] - weight).flatten(2).square().sum(2) / squared_norms).sum(1)
