"""Figures of several seeds as plain JSON values, and as cells of tables."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from reports.claims.over_seeds import mean_over_seeds
from reports.tables.published import Value

Figure = dict[str, float | None]
"""A mean and its standard error."""

MeasuredCell = Sequence[float] | Value


def figure_of(values: Sequence[Tensor], *, same_units: bool) -> Figure:
    """The mean of values, (units,) for each seed. same_units: see `mean_over_seeds`."""
    found = mean_over_seeds(values, same_units=same_units)
    return {"mean": found.mean, "standard_error": found.standard_error}


def cell_of(figure: Mapping[str, Any] | None) -> MeasuredCell | None:
    """A figure as the cell of a table; None for none."""
    if figure is None:
        return None
    mean, error = figure["mean"], figure["standard_error"]
    return [mean] if error is None else Value(mean, error)
