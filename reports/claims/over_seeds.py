"""Means over seeds, and over the episodes or class pairs of each, with their errors."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev

import torch
from scipy import stats
from torch import Tensor

from models.fewshot.statistics import estimate

_CONFIDENCE = 0.95


@dataclass(frozen=True)
class SeedMean:
    """A mean, with 1 SE and half of the 95% interval; both are None for one unit and one seed."""

    mean: float
    standard_error: float | None
    half_width: float | None


def mean_over_seeds(values: Sequence[Tensor], *, same_units: bool = True) -> SeedMean:
    """The mean of values, (units,) for each seed.

    same_units: whether all seeds share the units, such as the episodes of one data set. The standard error then has two
    parts, over units and over seeds. If not, such as with a class split for each seed, a seed's mean differs by its
    units as well, and the error is over seeds. With one seed, it is over units. The interval is Student's, with the
    degrees of freedom of all parts (Welch and Satterthwaite), as a few seeds tell little about their deviation.
    """
    by_seed = [float(one.mean()) for one in values]
    errors: dict[float, float] = {}  # by degrees of freedom
    if len(values[0]) > 1 and (same_units or len(values) == 1):
        units = torch.stack(list(values)).mean(0)
        errors[len(units) - 1] = estimate(units).standard_error
    if len(by_seed) > 1:
        errors[len(by_seed) - 1] = stdev(by_seed) / math.sqrt(len(by_seed))
    if not errors:
        return SeedMean(mean(by_seed), None, None)
    error = math.hypot(*errors.values())
    return SeedMean(mean(by_seed), error, error * _quantile(errors))


def _quantile(errors: Mapping[float, float]) -> float:
    """Student's t for the confidence and a sum of independent errors, given by their degrees of freedom."""
    total = sum(error**2 for error in errors.values())
    if not total:
        return 0.0
    degrees = total**2 / sum(error**4 / each for each, error in errors.items())
    return float(stats.t.ppf((1 + _CONFIDENCE) / 2, degrees))
