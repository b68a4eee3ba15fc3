"""The gradient of filter-normalised distances (Li et al., 2018; dissertation 5.5.1, note 1).

A filter is a row of a weight: an output channel's kernel, or an output's weights in a linear layer. Biases and batch
norms have none and do not count. Parameters are those of several tasks, tasks first.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from models.fewshot.inner.functional import Parameters


def pull_to_mean(parameters: Parameters) -> Iterator[tuple[str, Tensor]]:
    """(w - mean) / |filter|^2 by name of weight, where the mean is taken over the tasks.

    2 (1 - 1/m) times it is the gradient of R_i, the squared distance of task i's parameters from the mean of all m,
    with norms held constant.
    """
    for name in _with_filters(parameters):
        tensor = parameters[name]
        yield name, (tensor - tensor.mean(0)) / _squared_norms(tensor)


def _with_filters(parameters: Parameters) -> list[str]:
    return [name for name, tensor in parameters.items() if tensor.dim() > 2]


def _squared_norms(tensor: Tensor) -> Tensor:
    """Squared norms of the filters, shaped to divide `tensor`; infinite instead of 0."""
    axes = tuple(range(2, tensor.dim()))
    found = tensor.square().sum(axes, keepdim=True)
    return torch.where(found > 0, found, torch.inf)
