"""Verdicts on the claims of a chapter, each by a paired difference and its standard error."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from reports.claims.claim import Claim
from reports.claims.over_seeds import SeedMean, mean_over_seeds
from reports.tables.table import Table

Records = Mapping[str, Mapping[int, Mapping[str, Any]]]
"""What was measured, by name and seed."""


@dataclass(frozen=True)
class Verdict:
    """A claim's mean difference over seeds, in the claim's unit."""

    claim: Claim
    found: SeedMean

    @property
    def difference(self) -> float:
        return self.found.mean

    @property
    def standard_error(self) -> float | None:
        return self.found.standard_error

    @property
    def half_width(self) -> float | None:
        """Half of the 95% interval."""
        return self.found.half_width

    @property
    def word(self) -> str:
        """`seen` or `reversed` if 0 is outside of the interval, else `not seen`."""
        if self.half_width is None or abs(self.difference) <= self.half_width:
            return "not seen"
        return "seen" if self.difference > 0 else "reversed"


def decide(claim: Claim, records: Records, *, same_units: bool = True) -> Verdict:
    """The verdict on a claim, from records of both networks with the same seeds. same_units: see `mean_over_seeds`."""
    more, less = records[claim.more], records[claim.less]
    differences = [_difference(claim.values(more[seed]), claim.values(less[seed])) for seed in more]
    scale = 100 if claim.unit == "%" else 1
    return Verdict(claim, mean_over_seeds([scale * one for one in differences], same_units=same_units))


def _difference(more: Tensor, less: Tensor) -> Tensor:
    """Of the units that both were measured on: the first ones, if there are more of one."""
    shared = min(len(more), len(less))
    return more[:shared] - less[:shared]


def verdicts_on(claims: Iterable[Claim], records: Records, *, same_units: bool = True) -> list[dict[str, Any]]:
    """Claims with their differences and verdicts, as plain JSON values. same_units: see `mean_over_seeds`."""
    verdicts = [decide(claim, records, same_units=same_units) for claim in claims]
    return [
        {
            "table": one.claim.where,
            "claim": one.claim.text,
            "unit": one.claim.unit,
            "difference": one.difference,
            "standard_error": one.standard_error,
            "half_width": one.half_width,
            "verdict": one.word,
        }
        for one in verdicts
    ]


def claims_table(verdicts: Sequence[Mapping[str, Any]], note: str, *, chapter: int, where: str, pairs: str) -> Table:
    """What `verdicts_on` returned, as a table.

    note: on the data and the standard error. where: the claims are made. pairs: what differences are paired on.
    """
    return Table(
        f"Claims of chapter {chapter}",
        (where, "claim", "difference", "1 SE", "verdict"),
        [_row(verdict) for verdict in verdicts],
        f"Differences are paired: {pairs}. Seen: the 95% interval, by Student's t, lies above 0; reversed: below. "
        f"{note}",
        labels=2,
    )


def _row(verdict: Mapping[str, Any]) -> tuple[str, ...]:
    unit, error = verdict["unit"], verdict["standard_error"]
    places = 2 if unit else 3
    shown = "" if error is None else f"{error:.{places}f}"
    return verdict["table"], verdict["claim"], f"{verdict['difference']:+.{places}f}{unit}", shown, verdict["verdict"]
