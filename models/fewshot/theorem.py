"""The error of one-shot classification, measured, against the bounds of Theorem 1 (dissertation sections 5.4.2, 5.7.5).

X and Y are two classes, and U is either with probability 1/2. The variance ratio is e = (Var X + Var Y) / Var U, where
Var U = (Var X + Var Y) / 2 + D^2 / 4 with the distance D of the means. The printed proof has Var X + Var Y + D^2 there;
the theorem holds all the same.
"""

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from models.fewshot.laws import Law

_NUMBERS = 1 << 21
"""Size of a batch of draws."""


@dataclass(frozen=True, kw_only=True)
class OneShotTrial:
    """What to measure: test points of X, classified by one point of X and one of Y.

    law: of both classes' noise. ratio: e, above 0 and below 2. dimensions: of the features. share: X's part of Var X +
    Var Y, 0 to 1. trials: independent draws of the three points. Raises ValueError outside these ranges.
    """

    law: Law
    ratio: float
    dimensions: int = 2
    share: float = 0.5
    trials: int = 100_000

    def __post_init__(self) -> None:
        if not 0 < self.ratio < 2:
            raise ValueError(f"ratio is {self.ratio}; allowed is above 0 and below 2, where the means coincide")
        if self.dimensions < 1:
            raise ValueError(f"dimensions is {self.dimensions}; allowed is an integer of at least 1")
        if not 0 <= self.share <= 1:
            raise ValueError(f"share is {self.share}; allowed is 0 to 1")
        if self.trials < 1:
            raise ValueError(f"trials is {self.trials}; allowed is an integer of at least 1")

    @property
    def distance(self) -> float:
        """The distance of the means where Var X + Var Y is 1."""
        return math.sqrt(4 / self.ratio - 2)


@dataclass(frozen=True)
class OneShotError:
    """error: share of the trials that are misclassified. standard_error: 1 SE of it. trial: what was measured."""

    trial: OneShotTrial
    error: float
    standard_error: float

    @property
    def printed_bound(self) -> float:
        """The theorem's bound of the error."""
        return printed_bound(self.trial.ratio)

    @property
    def stronger_bound(self) -> float:
        """The bound that the theorem's argument gives with the true variance of U."""
        return stronger_bound(self.trial.ratio)


def printed_bound(ratio: float) -> float:
    """The error of Theorem 1, 32 e / (1 - e), at most 1: it says nothing from e = 1/33 on."""
    return min(1.0, 32 * ratio / (1 - ratio)) if ratio < 1 else 1.0


def stronger_bound(ratio: float) -> float:
    """8 e / (1 - e/2), at most 1: it says something up to e = 2/17.

    A test point is classified correctly if x, y and z are within D/4 of their means. By Chebyshev's inequality (5.1),
    that fails with a probability of at most (2 Var X + Var Y) / (D/4)^2, and (D/4)^2 is (Var X + Var Y)(1 - e/2) / 4e.
    """
    return min(1.0, 8 * ratio / (1 - ratio / 2)) if ratio < 2 else 1.0


def one_shot_error(trial: OneShotTrial, seed: int = 0) -> OneShotError:
    """The error of the maximum-margin classifier of one point a class; a function of the two arguments alone."""
    generator = torch.Generator().manual_seed(seed)
    batch = max(1, _NUMBERS // trial.dimensions)
    wrong = 0
    for first in range(0, trial.trials, batch):
        wrong += _misclassified(trial, min(batch, trial.trials - first), generator)
    error = wrong / trial.trials
    return OneShotError(trial, error, math.sqrt(error * (1 - error) / trial.trials))


def one_shot_draws(trial: OneShotTrial, count: int, generator: Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Independent points x and z of X and y of Y: float64 (count, dimensions) each.

    Var X + Var Y is 1. The mean of X is the origin; that of Y lies on the first axis, at `trial.distance`.
    """
    scale_x, scale_y = math.sqrt(trial.share), math.sqrt(1 - trial.share)
    x, z, y = (trial.law.sample(count, trial.dimensions, generator) for _ in range(3))
    x, z, y = scale_x * x, scale_x * z, -scale_y * y
    y[:, 0] += trial.distance
    return x, z, y


def _misclassified(trial: OneShotTrial, count: int, generator: Generator) -> int:
    """How many of `count` test points are nearer to the point of the other class."""
    x, z, y = one_shot_draws(trial, count, generator)
    return int((_squared_distances(z, x) > _squared_distances(z, y)).sum())


def _squared_distances(points: Tensor, others: Tensor) -> Tensor:
    return (points - others).square().sum(1)
