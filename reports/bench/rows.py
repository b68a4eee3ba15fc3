"""Rows of benches: one for each thing that is measured and each contender, and the JSON that holds them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_FIELDS = ("name", "case", "milliseconds")

Quantity = float | int | str
"""A figure of a row."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One contender in one setting.

    name: what is measured, as a layer or a network. case: the contender. milliseconds: the median. ratio: to the
    bench's reference; see Comparison. figures: whatever else was measured, by its key in JSON, with the unit.
    """

    name: str
    case: str
    milliseconds: float
    ratio: float
    figures: Mapping[str, Quantity] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What the ratios of a bench are to.

    key: of the ratio in JSON, as `ratio_to_peer`. reference: names the case that is compared with, given the
    milliseconds of all cases. speedup: the reference's time over a case's, so that larger is faster; else the inverse.
    """

    key: str
    reference: Callable[[Mapping[str, float]], str]
    speedup: bool = False

    def ratio(self, case: str, milliseconds: Mapping[str, float]) -> float:
        """The ratio of a case, from the milliseconds of all cases."""
        time, reference = milliseconds[case], milliseconds[self.reference(milliseconds)]
        return reference / time if self.speedup else time / reference


def compared(
    name: str,
    milliseconds: Mapping[str, float],
    comparison: Comparison,
    figures: Mapping[str, Mapping[str, Quantity]] | None = None,
) -> list[Row]:
    """A row for each case, from its milliseconds. figures: further ones of some cases."""
    return [
        Row(
            name=name,
            case=case,
            milliseconds=time,
            ratio=comparison.ratio(case, milliseconds),
            figures=(figures or {}).get(case, {}),
        )
        for case, time in milliseconds.items()
    ]


def bench_record(
    rows: Sequence[Row], comparison: Comparison, tools: Mapping[str, str], machine: str, **more: Any
) -> dict[str, Any]:
    """What a bench writes as JSON: `rows`, `tools`, `machine` and more.

    A row has `name`, `case`, `milliseconds`, the ratio under the comparison's key, and its figures. Raises ValueError
    if a figure would hide one of these.
    """
    return {"rows": [_described(row, comparison.key) for row in rows], "tools": dict(tools), "machine": machine, **more}


def _described(row: Row, ratio_key: str) -> dict[str, Any]:
    known = {**{key: getattr(row, key) for key in _FIELDS}, ratio_key: row.ratio}
    hidden = known.keys() & row.figures.keys()
    if hidden:
        raise ValueError(f"figures of {row.case!r} are called {', '.join(sorted(hidden))}, as the row's own fields are")
    return known | dict(row.figures)
