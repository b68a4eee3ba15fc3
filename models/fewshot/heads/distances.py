"""Squared distances of queries to prototypes."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from models.fewshot.heads.chunks import chunks, empty_like, fit_into_cache


def squared_distances(query: Tensor, prototypes: Tensor, origin: Tensor) -> Tensor:
    """|q - o - p|^2 for every query q and every prototype p, given relative to o: (tasks, queries, prototypes).

    query: (tasks, queries, d). prototypes: (tasks, prototypes, d). origin: (tasks, 1, d), taken as constant.
    """
    if fit_into_cache(query):
        return _distances(query - origin, prototypes)
    distances: Tensor = _ChunkedDistances.apply(query, prototypes, origin)  # type: ignore[no-untyped-call]
    return distances


def _distances(query: Tensor, prototypes: Tensor) -> Tensor:
    squares = query.square().sum(-1, keepdim=True) + prototypes.square().sum(-1).unsqueeze(1)
    return torch.baddbmm(squares, query, prototypes.mT, alpha=-2)


class _ChunkedDistances(Function):
    """The same distances and gradients, chunk by chunk: no copy of all queries relative to the origin is kept."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, prototypes: Tensor, origin: Tensor) -> Tensor:
        ctx.save_for_backward(query, prototypes, origin)
        distances = query.new_empty(*query.shape[:2], prototypes.shape[1])
        for part in chunks(query):
            distances[part] = _distances(query[part] - origin[part], prototypes[part])
        return distances

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        query, prototypes, origin = ctx.saved_tensors
        of_query, of_prototypes = empty_like(query), empty_like(prototypes)
        twice = 2 * gradient
        for part in chunks(query):
            relative = query[part] - origin[part]
            torch.mul(prototypes[part], twice[part].sum(1).unsqueeze(-1), out=of_prototypes[part])
            of_prototypes[part].baddbmm_(twice[part].mT, relative, alpha=-1)
            relative *= twice[part].sum(-1, keepdim=True)
            torch.baddbmm(relative, twice[part], prototypes[part], alpha=-1, out=of_query[part])
        return of_query, of_prototypes, None
