"""Means with their uncertainty, each kind by name: of accuracies over episodes, of measures over class pairs.

Papers print a deviation, a standard error or a 95% interval under the same sign; the dissertation prints one standard
error.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

from torch import Tensor

_Z_95 = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True)
class Estimate:
    """A mean of n draws. standard_error: 1 SE of the mean, from the deviation with n - 1. count: n."""

    mean: float
    standard_error: float
    count: int

    @property
    def half_width(self) -> float:
        """Half of the 95% interval: 1.96 SE, as the mean of many draws is normal."""
        return _Z_95 * self.standard_error

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% interval of the mean: its ends."""
        return self.mean - self.half_width, self.mean + self.half_width

    @property
    def record(self) -> dict[str, float]:
        """As plain JSON values: mean, standard_error, and low and high, the ends of the 95% interval."""
        low, high = self.interval
        return {"mean": self.mean, "standard_error": self.standard_error, "low": low, "high": high}


def estimate(values: Tensor) -> Estimate:
    """The mean of `values`, (n,), such as the accuracies of episodes.

    Raises ValueError for fewer than two values, which have no deviation, and for values that are not finite.
    """
    _check(values)
    values = values.detach().cpu().double()
    return Estimate(values.mean().item(), values.std(correction=1).item() / math.sqrt(len(values)), len(values))


def paired_difference(values: Tensor, others: Tensor) -> Estimate:
    """The mean of `values` - `others`, (n,) each, of two runs on the same draws, such as episodes, in the same order.

    Both runs find the same episodes hard, so the difference is known more exactly than either mean.

    Raises ValueError for different numbers of draws, fewer than two, and values that are not finite.
    """
    if values.shape != others.shape:
        raise ValueError(f"runs have values {tuple(values.shape)}, {tuple(others.shape)}; pairs need the same ones")
    return estimate(values.detach().cpu().double() - others.detach().cpu().double())


def _check(values: Tensor) -> None:
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(f"values are {tuple(values.shape)}; allowed is (n,), n at least 2")
    if not values.isfinite().all():
        raise ValueError(f"value {int((~values.isfinite()).nonzero()[0])} is not finite")
