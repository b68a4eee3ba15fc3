"""Multinomial logistic regression by L-BFGS, on the features' device."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from models.checks import check_above_zero

L2_GRID = (1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5)
"""Penalties that a search tries, from the strongest on."""

_ITERATIONS = 500
_GRADIENT = 1e-6  # largest entry at the end
_HISTORY = 10


@dataclass(frozen=True)
class Standardisation:
    """Subtracts the mean (d,) of features and divides by their deviation (d,); constant features become 0."""

    mean: Tensor
    deviation: Tensor

    @classmethod
    def of(cls, features: Tensor) -> Self:
        """That of features (images, d)."""
        deviation, mean = torch.std_mean(features, 0, correction=0)
        # A feature that is constant up to rounding would be blown up to noise.
        constant = deviation <= 10 * torch.finfo(features.dtype).eps * mean.abs()
        return cls(mean, deviation.masked_fill(constant, torch.inf))

    def __call__(self, features: Tensor) -> Tensor:
        return (features - self.mean) / self.deviation


@dataclass(frozen=True)
class LogisticRegression:
    """weights: (d, classes). bias: (classes,). iterations: of L-BFGS. loss: the penalised loss in the end."""

    weights: Tensor
    bias: Tensor
    iterations: int
    loss: float

    def probabilities(self, features: Tensor) -> Tensor:
        """Of each class: (images, classes)."""
        return (features @ self.weights + self.bias).softmax(1)


def fit_logistic(
    features: Tensor,
    labels: Tensor,
    classes: int,
    l2: float,
    start: LogisticRegression | None = None,
    iterations: int = _ITERATIONS,
) -> LogisticRegression:
    """Minimises the mean cross-entropy plus l2 / 2 times the squared norm of the weights, without the bias.

    scikit-learn's LogisticRegression is the same with C = 1 / (images * l2). features: (images, d). labels: (images,).
    start: where to start from, zeros if left out.

    Raises ValueError for an l2 that is not positive.
    """
    check_above_zero("l2", l2)
    if start is None:
        weights, bias = features.new_zeros(features.shape[1], classes), features.new_zeros(classes)
    else:
        weights, bias = start.weights.clone(), start.bias.clone()
    wanted = [weights.requires_grad_(), bias.requires_grad_()]
    optimizer = torch.optim.LBFGS(
        wanted,
        max_iter=iterations,
        tolerance_grad=_GRADIENT,
        history_size=_HISTORY,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(torch.addmm(bias, features, weights), labels)
        loss = loss + l2 / 2 * weights.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    steps = int(optimizer.state[weights]["n_iter"])
    return LogisticRegression(weights.detach(), bias.detach(), steps, closure().item())


def fit_path(
    features: Tensor, labels: Tensor, classes: int, penalties: Sequence[float], iterations: int = _ITERATIONS
) -> list[LogisticRegression]:
    """The regressions for penalties from the strongest on, each of which starts where the one before ended."""
    found: list[LogisticRegression] = []
    for l2 in penalties:
        found.append(fit_logistic(features, labels, classes, l2, found[-1] if found else None, iterations))
    return found
