"""Inner products of features, from which ridge regression, the SVM and the linear layer follow."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from models.fewshot.heads.checks import check_finite
from models.fewshot.heads.chunks import chunks, empty_like


def inner_products(query: Tensor, support: Tensor) -> tuple[Tensor, Tensor]:
    """Products of queries with support, (tasks, queries, samples), and of support with itself, the kernel.

    Raises ValueError where they are not finite.
    """
    cross, kernel = _InnerProducts.apply(query, support)  # type: ignore[no-untyped-call]
    check_finite(cross, query, support)
    check_finite(kernel, query, support)
    return cross, kernel


class _InnerProducts(Function):
    """Products and their gradients, chunk by chunk, each written where it belongs."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, support: Tensor) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(query, support)
        tasks, samples, _ = support.shape
        cross, kernel = support.new_empty(tasks, query.shape[1], samples), support.new_empty(tasks, samples, samples)
        for part in chunks(query):
            torch.bmm(query[part], support[part].mT, out=cross[part])
            torch.bmm(support[part], support[part].mT, out=kernel[part])
        return cross, kernel

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_cross: Tensor, of_kernel: Tensor) -> tuple[Tensor, Tensor]:
        query, support = ctx.saved_tensors
        of_query, of_support = empty_like(query), empty_like(support)
        symmetric = of_kernel + of_kernel.mT
        for part in chunks(query):
            torch.bmm(of_cross[part], support[part], out=of_query[part])
            torch.bmm(of_cross[part].mT, query[part], out=of_support[part])
            of_support[part].baddbmm_(symmetric[part], support[part])
        return of_query, of_support
