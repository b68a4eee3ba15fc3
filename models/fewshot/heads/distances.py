"""Squared distances of queries to prototypes."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from models.fewshot.heads.chunks import chunks, empty_like


def squared_distances(query: Tensor, prototypes: Tensor, origin: Tensor) -> Tensor:
    """|q - o - p|^2 for every query q and every prototype p, given relative to o: (tasks, queries, prototypes).

    query: (tasks, queries, d). prototypes: (tasks, prototypes, d). origin: (tasks, 1, d), taken as constant.
    """
    distances: Tensor = _SquaredDistances.apply(query, prototypes, origin)  # type: ignore[no-untyped-call]
    return distances


class _SquaredDistances(Function):
    """Distances and their gradients, chunk by chunk; no copy of the queries relative to the origin is kept."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, prototypes: Tensor, origin: Tensor) -> Tensor:
        ctx.save_for_backward(query, prototypes, origin)
        distances = query.new_empty(*query.shape[:2], prototypes.shape[1])
        for part in chunks(query):
            relative = query[part] - origin[part]
            torch.bmm(relative, prototypes[part].mT, out=distances[part])
            distances[part].mul_(-2).add_(relative.square_().sum(-1, keepdim=True))
        return distances.add_(prototypes.square().sum(-1).unsqueeze(1))

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
