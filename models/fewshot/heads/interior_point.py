"""Interior-point solver of the Crammer-Singer dual, for many tasks at once.

With the kernel K of a task's samples, soft or one-hot labels y and the bound C, the duals a minimise

    1/2 sum_w a_w^T (K + I) a_w - sum_w y_w^T a_w    subject to    a <= C y,    sum_w a_w = 0,

where a_w holds the duals of way w, one a sample. All ways share K + I. A Newton step therefore takes a Cholesky factor
of samples x samples for every way, and one for the multipliers of the sums: the Schur complement, which is the sum of
the ways' inverses. The method is Mehrotra's predictor and corrector.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from models.fewshot.heads.chunks import chunks

_TOLERANCE = {torch.float32: 1e-9, torch.float64: 1e-13}
"""A task is solved when its duality gap is this part of its objective; later steps would divide rounding errors."""

_STEP = 0.999
"""Share of the way to the boundary that a step takes."""


@dataclass(frozen=True)
class Dual:
    """A solution: duals (tasks, ways, samples) and where they are free, not at their bound, in the same shape."""

    duals: Tensor
    free: Tensor


@dataclass(frozen=True)
class _Iterate:
    """duals; slack: bound - duals > 0; pressure: multipliers of the bounds > 0; all (tasks, ways, samples).

    shift: multipliers of the sums over ways, (tasks, 1, samples).
    """

    duals: Tensor
    slack: Tensor
    pressure: Tensor
    shift: Tensor

    def gap(self) -> Tensor:
        return (self.slack * self.pressure).sum((1, 2), keepdim=True)

    def free(self) -> Tensor:
        """Where the slack is larger than the pressure, each relative to its scale: at the solution, one of them is 0.

        A sample always has a free dual, as its bounds do not sum to 0.
        """
        largest = self.duals.amax((1, 2), keepdim=True)
        return (self.slack > largest * self.pressure) | (self.slack == self.slack.amax(1, keepdim=True))

    def moved(self, step: "_Iterate", length: Tensor) -> "_Iterate":
        return _Iterate(
            torch.addcmul(self.duals, length, step.duals),
            torch.addcmul(self.slack, length, step.slack),
            torch.addcmul(self.pressure, length, step.pressure),
            torch.addcmul(self.shift, length, step.shift),
        )

    def longest(self, step: "_Iterate") -> Tensor:
        """The longest step, at most 1, that keeps slack and pressure from becoming negative: (tasks, 1, 1)."""
        shrinking = torch.cat([-step.slack / self.slack, -step.pressure / self.pressure], 1).amax((1, 2), keepdim=True)
        return shrinking.clamp(min=1).reciprocal()


def solve_dual(kernel: Tensor, labels: Tensor, bound: float, iterations: int) -> Dual:
    """The duals of every task after at most `iterations` steps.

    kernel: K, (tasks, samples, samples). labels: y, (tasks, ways, samples), of at least 0, with a sum over ways of 1.
    Every iterate fulfils the constraints, so a few steps give a usable classifier. Raises ValueError, naming the task,
    where K + I/2 is not positive definite in the dtype: the rounding of large features' products reaches I.
    """
    identity = torch.eye(kernel.shape[-1], dtype=kernel.dtype, device=kernel.device)
    _check_definite(kernel + identity / 2)
    quadratic = kernel + identity
    parts = system_chunks(kernel, labels.shape[1])
    solved = [_solve(quadratic[part], labels[part], bound, iterations) for part in parts]
    return Dual(torch.cat([each.duals for each in solved]), torch.cat([each.free() for each in solved]))


def system_chunks(kernel: Tensor, ways: int) -> Iterator[slice]:
    """Slices of the tasks in which the systems of all ways, samples x samples each, fit into the cache."""
    return chunks(kernel, ways * kernel[0].numel() * kernel.element_size())


def _check_definite(matrices: Tensor) -> None:
    _, failed = torch.linalg.cholesky_ex(matrices)
    if failed.any():
        task = int(failed.nonzero()[0])
        raise ValueError(f"features of task {task} are too large for the support vector machine in {matrices.dtype}")


def _solve(quadratic: Tensor, labels: Tensor, bound: float, iterations: int) -> _Iterate:
    iterate = _start(quadratic, labels, bound)
    for _ in range(iterations):
        gap = iterate.gap()
        unsolved = gap > _TOLERANCE[labels.dtype] * (labels * iterate.duals).sum((1, 2), keepdim=True)
        if not unsolved.any():
            break
        newton = _Newton(quadratic, labels, iterate)
        step = newton.step(gap)
        iterate = iterate.moved(step, _STEP * iterate.longest(step) * (unsolved & newton.definite))
    return iterate


def _start(quadratic: Tensor, labels: Tensor, bound: float) -> _Iterate:
    """The best point from 0 towards the bounds less their mean, and multipliers with a gap as large as the objective.

    Its scale is that of the solution, whatever the kernel's, so that the number of steps does not depend on it.
    """
    direction = bound * (labels - labels.mean(1, keepdim=True))
    descent = (labels * direction).sum((1, 2), keepdim=True)
    curvature = ((direction @ quadratic) * direction).sum((1, 2), keepdim=True)
    duals = (descent / curvature).clamp(max=1) * direction
    slack = bound * labels - duals
    pressure = (labels * duals).mean((1, 2), keepdim=True) / slack
    shift = (labels - duals @ quadratic - pressure).mean(1, keepdim=True)
    return _Iterate(duals, slack, pressure, shift)


class _Newton:
    """The linear system of a Newton step, factored, at an iterate.

    definite: where rounding has left it positive definite, (tasks, 1, 1). Elsewhere the step has no meaning.
    """

    def __init__(self, quadratic: Tensor, labels: Tensor, at: _Iterate) -> None:
        self._at = at
        systems = quadratic.unsqueeze(1).repeat(1, labels.shape[1], 1, 1)
        systems.diagonal(dim1=-2, dim2=-1).add_(at.pressure / at.slack)
        factors, indefinite = _factor(systems)
        self._inverses = torch.cholesky_inverse(factors)
        self._complement, indefinite_sums = _factor(self._inverses.sum(1))
        self.definite = ~(indefinite.any(1) | indefinite_sums)[:, None, None]
        self._unbalanced = at.duals @ quadratic - labels + at.pressure + at.shift
        self._sums = at.duals.sum(1, keepdim=True)

    def step(self, gap: Tensor) -> _Iterate:
        """Mehrotra's step: the first solution's progress sets the aim, and its curvature corrects, the second's.

        gap: that of the iterate, (tasks, 1, 1).
        """
        at = self._at
        products = at.slack * at.pressure
        straight = self._solve(products)
        reached = at.moved(straight, at.longest(straight)).gap()
        aim = (reached / gap) ** 3 * gap / products[0].numel()
        return self._solve(products + straight.slack * straight.pressure - aim)

    def _solve(self, products: Tensor) -> _Iterate:
        """The step that brings slack x pressure down by `products`, to first order, and all residuals to 0."""
        at = self._at
        unconstrained = self._apply(products / at.slack - self._unbalanced)
        sums = (unconstrained.sum(1, keepdim=True) + self._sums).mT
        shift = torch.cholesky_solve(sums, self._complement).mT
        duals = unconstrained - self._apply(shift.expand_as(unconstrained))
        return _Iterate(duals, -duals, (at.pressure * duals - products) / at.slack, shift)

    def _apply(self, right: Tensor) -> Tensor:
        # The inverses are symmetric, and a row times a matrix is several times faster than a matrix times a column.
        return (right.unsqueeze(-2) @ self._inverses).squeeze(-2)


def _factor(matrices: Tensor) -> tuple[Tensor, Tensor]:
    """Cholesky factors of `matrices`, (..., n, n), and where there is none: True in (...), with a factor of 1."""
    factors, failed = torch.linalg.cholesky_ex(matrices)
    indefinite = failed > 0
    if indefinite.any():
        factors[indefinite] = torch.eye(factors.shape[-1], dtype=factors.dtype, device=factors.device)
    return factors, indefinite
