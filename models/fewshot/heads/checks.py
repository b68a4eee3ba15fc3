"""Checks of what a head is given; every error names the task."""

import math

import torch
from torch import Tensor

_SUM_TOLERANCE = 1e-3
"""How far the sum of a sample's soft labels may be from 1."""


def class_weights(query: Tensor, support: Tensor, labels: Tensor, ways: int) -> Tensor:
    """The labels as the weight of every class in every sample: (tasks, samples, ways), of the features' dtype.

    query: (tasks, queries, d). support: (tasks, samples, d). labels: int64 (tasks, samples), or (tasks, samples, ways)
    of the features' dtype, each sample's a distribution over the ways.

    Raises ValueError for shapes, dtypes or devices that do not fit together, labels outside their range, and a way
    without support.
    """
    _check_features(query, support)
    if not isinstance(ways, int) or ways < 2:
        raise ValueError(f"ways is {ways}; allowed is an integer of at least 2")
    tasks, samples, _ = support.shape
    if labels.device != support.device:
        raise ValueError(f"labels are on {labels.device}, support is on {support.device}")
    if labels.shape == (tasks, samples) and labels.dtype == torch.int64:
        weights = _one_hot(labels, ways, support.dtype)
    elif labels.shape == (tasks, samples, ways) and labels.dtype == support.dtype:
        _check_distributions(labels)
        weights = labels
    else:
        raise ValueError(
            f"labels are {_kind(labels)}; allowed are torch.int64 {(tasks, samples)} and soft labels, "
            f"{support.dtype} {(tasks, samples, ways)}"
        )
    _check_every_way_is_shown(weights)
    return weights


def check_finite(products: Tensor, query: Tensor, support: Tensor) -> None:
    """Raises ValueError if `products`, (tasks, ...), computed from the features, hold NaN or infinity.

    NaN and infinity spread through products, so the features are read again only to find the culprit.
    """
    if math.isfinite(products.detach().sum().item()):
        return
    broken = ~products.detach().isfinite().flatten(1).all(1)
    if not broken.any():
        return
    task = int(broken.nonzero()[0])
    for name, features in (("query", query), ("support", support)):
        if not features[task].isfinite().all():
            raise ValueError(f"{name} features of task {task} hold NaN or infinity")
    raise ValueError(f"features of task {task} are too large: their products exceed {query.dtype}")


def _check_features(query: Tensor, support: Tensor) -> None:
    for name, features in (("query", query), ("support", support)):
        if features.ndim != 3 or 0 in features.shape:
            raise ValueError(f"{name} is {_kind(features)}; allowed is (tasks, samples, d), none of them 0")
        if features.dtype not in (torch.float32, torch.float64):
            raise ValueError(f"{name} is {_kind(features)}; allowed are torch.float32 and torch.float64")
    fits = query.shape[0] == support.shape[0] and query.shape[2] == support.shape[2]
    if not fits or query.dtype != support.dtype:
        raise ValueError(f"query is {_kind(query)}, support is {_kind(support)}; tasks, d and dtype have to agree")
    if query.device != support.device:
        raise ValueError(f"query is on {query.device}, support is on {support.device}")


def _one_hot(labels: Tensor, ways: int, dtype: torch.dtype) -> Tensor:
    outside = (labels < 0) | (labels >= ways)
    if outside.any():
        task, sample = outside.nonzero()[0].tolist()
        found = int(labels[task, sample])
        raise ValueError(f"labels of task {task} hold {found}; allowed are 0 to {ways - 1}")
    weights = torch.zeros(*labels.shape, ways, dtype=dtype, device=labels.device)
    return weights.scatter_(-1, labels.unsqueeze(-1), 1)


def _check_distributions(labels: Tensor) -> None:
    given = labels.detach()
    proper = (given >= 0).all(-1) & ((given.sum(-1) - 1).abs() <= _SUM_TOLERANCE)
    if not proper.all():
        task, sample = (~proper).nonzero()[0].tolist()
        raise ValueError(
            f"soft labels of task {task}, sample {sample}, are {given[task, sample].tolist()}; "
            "allowed are numbers of at least 0 whose sum is 1"
        )


def _check_every_way_is_shown(weights: Tensor) -> None:
    missing = weights.detach().sum(1) <= 0
    if missing.any():
        task, way = missing.nonzero()[0].tolist()
        raise ValueError(f"task {task} has no support of way {way}; every way needs a sample")


def _kind(tensor: Tensor) -> str:
    return f"{tensor.dtype} {tuple(tensor.shape)}"
