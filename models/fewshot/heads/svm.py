"""The head of MetaOptNet: Crammer and Singer's multi-class support vector machine (dissertation section 5.3)."""

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from models.fewshot.heads.checks import class_weights
from models.fewshot.heads.interior_point import solve_dual, system_chunks
from models.fewshot.heads.precision import in_given_precision
from models.fewshot.heads.products import inner_products


@in_given_precision
def svm_logits(
    query: Tensor, support: Tensor, labels: Tensor, ways: int, bound: float = 0.1, iterations: int = 15
) -> Tensor:
    """Scores of the queries under the support vector machine of each task: (tasks, queries, ways).

    query: (tasks, queries, d). support: (tasks, samples, d). labels: int64 (tasks, samples), or soft (tasks, samples,
    ways). bound: C of the dual. iterations: at most so many of the solver; 8 suffice in float32, and the published
    evaluation takes 3. Gradients are those of the exact solution, once differentiable.

    Raises ValueError for inputs that do not fit together, a way without support, features that are not finite, and
    bound or iterations that are not positive.
    """
    if not 0 < bound < math.inf:
        raise ValueError(f"bound is {bound}; allowed is a positive number")
    if not isinstance(iterations, int) or iterations < 1:
        raise ValueError(f"iterations is {iterations}; allowed is an integer of at least 1")
    weights = class_weights(query, support, labels, ways)
    cross, kernel = inner_products(query, support)
    duals: Tensor = _Duals.apply(kernel, weights.mT, bound, iterations)  # type: ignore[no-untyped-call]
    return cross @ duals.mT


class _Duals(Function):
    """The duals (tasks, ways, samples) as a function of kernel and labels.

    The gradient is that of the optimality conditions with the set of free duals held (implicit differentiation): with
    F the free duals, K + I on F times a, plus the multipliers of the sums, equals y, and the others stay at C y.
    """

    @staticmethod
    def forward(ctx: Any, kernel: Tensor, labels: Tensor, bound: float, iterations: int) -> Tensor:
        solution = solve_dual(kernel, labels, bound, iterations)
        ctx.save_for_backward(kernel, solution.duals, solution.free)
        ctx.bound = bound
        return solution.duals

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor | None, None, None]:
        kernel, duals, free = ctx.saved_tensors
        quadratic = kernel + torch.eye(kernel.shape[-1], dtype=kernel.dtype, device=kernel.device)
        parts = system_chunks(kernel, duals.shape[1])
        responses = [_response(quadratic[part], free[part], gradient[part]) for part in parts]
        response, shift = map(torch.cat, zip(*responses, strict=True))
        of_kernel = -response.mT @ duals
        of_labels = None
        if ctx.needs_input_grad[1]:
            of_labels = torch.where(free, response, ctx.bound * (gradient - response @ quadratic - shift))
        return (of_kernel + of_kernel.mT) / 2, of_labels, None, None


def _response(quadratic: Tensor, free: Tensor, gradient: Tensor) -> tuple[Tensor, Tensor]:
    """The free duals' adjoint, (tasks, ways, samples), whose sum over ways is 0, and that of the sums' multipliers.

    Computed in float64: with features of large norm, the Schur complement of a float32 system is lost in rounding.
    """
    quadratic, mask, given = quadratic.double(), free.double(), gradient.double()
    squares = mask.unsqueeze(-1) * mask.unsqueeze(-2)
    systems = quadratic.unsqueeze(1) * squares
    systems.diagonal(dim1=-2, dim2=-1).add_(1 - mask)
    inverses = torch.cholesky_inverse(torch.linalg.cholesky_ex(systems)[0]) * squares
    unconstrained = (given.unsqueeze(-2) @ inverses).squeeze(-2)
    complement = torch.linalg.cholesky_ex(inverses.sum(1))[0]
    shift = torch.cholesky_solve(unconstrained.sum(1).unsqueeze(-1), complement).mT
    response = unconstrained - (shift.unsqueeze(-2) @ inverses).squeeze(-2)
    return response.to(gradient.dtype), shift.to(gradient.dtype)
