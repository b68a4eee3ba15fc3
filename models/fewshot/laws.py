"""Laws of features around a class mean, with which Theorem 1 is checked numerically.

Every law samples noise of mean 0 and of total variance E|noise|^2 = 1, so that a class is its mean plus noise times the
root of its variance.
"""

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Generator, Tensor

from models.checks import check_above_zero


class Law(Protocol):
    """A law of noise."""

    @property
    def name(self) -> str:
        """Names the law in tables."""

    def sample(self, count: int, dimensions: int, generator: Generator) -> Tensor:
        """`count` independent draws: float64 (count, dimensions). The first axis points to the other class's mean."""


@dataclass(frozen=True)
class Gaussian:
    """Isotropic normal noise."""

    name: str = "Gaussian"

    def sample(self, count: int, dimensions: int, generator: Generator) -> Tensor:
        return _normal(count, dimensions, generator) / math.sqrt(dimensions)


@dataclass(frozen=True)
class UniformEllipsoid:
    """Noise that is uniform in an ellipsoid: classes further apart than its width are linearly separable.

    stretch: its extent across the line that joins the classes, relative to that along the line. Raises ValueError for a
    stretch of 0 or less.
    """

    stretch: float = 1.0

    def __post_init__(self) -> None:
        check_above_zero("stretch", self.stretch)

    @property
    def name(self) -> str:
        return f"uniform ellipsoid, stretched by {self.stretch:g}"

    def sample(self, count: int, dimensions: int, generator: Generator) -> Tensor:
        directions = torch.nn.functional.normalize(_normal(count, dimensions, generator), dim=1)
        uniform = torch.rand(count, 1, generator=generator, dtype=torch.float64)
        noise = self.half_width(dimensions) * uniform ** (1 / dimensions) * directions
        noise[:, 1:] *= self.stretch
        return noise

    def half_width(self, dimensions: int) -> float:
        """The greatest distance from the mean along the first axis."""
        # The variance of a uniform unit ball is 1 / (dimensions + 2) on every axis.
        return math.sqrt((dimensions + 2) / (1 + (dimensions - 1) * self.stretch**2))


@dataclass(frozen=True)
class StudentT:
    """Multivariate Student t noise: normal noise over the root of a common chi-square, with heavy tails.

    freedom: degrees of freedom. Raises ValueError below 3, where the law has no variance.
    """

    freedom: int = 3

    def __post_init__(self) -> None:
        if self.freedom < 3:
            raise ValueError(f"freedom is {self.freedom}; Student's t has a variance from 3 degrees of freedom on")

    @property
    def name(self) -> str:
        return f"Student t, {self.freedom} degrees of freedom"

    def sample(self, count: int, dimensions: int, generator: Generator) -> Tensor:
        chi_square = _normal(count, self.freedom, generator).square().sum(1, keepdim=True)
        # The variance of t in one dimension is freedom / (freedom - 2).
        return _normal(count, dimensions, generator) * ((self.freedom - 2) / dimensions / chi_square).sqrt()


@dataclass(frozen=True)
class TwoPoint:
    """Noise of two values on the first axis: mostly a little away from the other class, seldom far towards it.

    jump: probability of the far value. The worst case of Chebyshev's inequality, on which the proof of Theorem 1 rests.
    Raises ValueError for a probability outside 0 to 1.
    """

    jump: float

    def __post_init__(self) -> None:
        if not 0 < self.jump < 1:
            raise ValueError(f"jump is {self.jump}; allowed is a probability above 0 and below 1")

    @property
    def name(self) -> str:
        return f"two points, {100 * self.jump:.3g}% jump"

    def sample(self, count: int, dimensions: int, generator: Generator) -> Tensor:
        noise = torch.zeros(count, dimensions, dtype=torch.float64)
        jumps = torch.rand(count, generator=generator, dtype=torch.float64) < self.jump
        odds = math.sqrt(self.jump / (1 - self.jump))
        noise[:, 0] = torch.where(jumps, 1 / odds, -odds)
        return noise


def past_the_middle(ratio: float, margin: float = 0.02) -> TwoPoint:
    """The two-point law of one class that jumps just past the middle, when the other class does not vary.

    ratio: e of Theorem 1. margin: by how much of half the distance it passes. The point at rest and the other class's
    point then misclassify all jumped test points, almost a share e of them.

    Raises ValueError for ratios outside 0 to 0.4, where no such law exists.
    """
    if not 0 < ratio <= 0.4:
        raise ValueError(f"ratio is {ratio}; allowed is above 0 and at most 0.4")
    # At rest, X is at -r, and jumped at 1/r, with r^2 = jump / (1 - jump); Y is at its mean, D. The jumped point passes
    # the middle, (D - r) / 2, by the margin if 1/r + r/2 = (1 + margin) D/2: a quadratic equation for jump.
    squared = (1 + margin) ** 2 * (1 / ratio - 0.5)
    return TwoPoint((1 + squared - math.sqrt(squared**2 - 2 * squared)) / (2 * squared + 0.5))


def _normal(count: int, dimensions: int, generator: Generator) -> Tensor:
    return torch.randn(count, dimensions, dtype=torch.float64, generator=generator)
