"""Verdicts on the claims of chapter 5, each by a paired difference and its standard error."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import Any

import torch
from scipy import stats
from torch import Tensor

from models.fewshot.statistics import paired_difference
from reports.fewshot.claims import Claim, claims_of
from reports.fewshot.experiments import Records
from reports.tables.table import Table

_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Verdict:
    """A claim's mean difference over seeds, with 1 SE and half of the 95% interval, all in the claim's unit.

    The standard error has two parts: over units, which all seeds share, and over seeds, if there are several. Both
    errors are None for one unit and one seed. The interval is Student's, with the degrees of freedom of both parts
    (Welch and Satterthwaite), as a few seeds tell little about their deviation.
    """

    claim: Claim
    difference: float
    standard_error: float | None
    half_width: float | None

    @property
    def word(self) -> str:
        """`seen` or `reversed` if 0 is outside of the interval, else `not seen`."""
        if self.half_width is None or abs(self.difference) <= self.half_width:
            return "not seen"
        return "seen" if self.difference > 0 else "reversed"


def decide(claim: Claim, records: Records) -> Verdict:
    """The verdict on a claim, from records of both networks with the same seeds."""
    more, less = records[claim.more], records[claim.less]
    pairs = [_paired(claim.values(more[seed]), claim.values(less[seed])) for seed in more]
    scale = 100 if claim.unit == "%" else 1
    by_seed = [float((one - other).mean()) for one, other in pairs]
    errors: dict[float, float] = {}  # by degrees of freedom
    if len(pairs[0][0]) > 1:
        over_seeds = [torch.stack(side).mean(0) for side in zip(*pairs, strict=True)]
        errors[len(over_seeds[0]) - 1] = paired_difference(*over_seeds).standard_error
    if len(by_seed) > 1:
        errors[len(by_seed) - 1] = stdev(by_seed) / math.sqrt(len(by_seed))
    if not errors:
        return Verdict(claim, scale * mean(by_seed), None, None)
    error = scale * math.hypot(*errors.values())
    return Verdict(claim, scale * mean(by_seed), error, error * _quantile(errors))


def _quantile(errors: Mapping[float, float]) -> float:
    """Student's t for the confidence and a sum of independent errors, given by their degrees of freedom."""
    total = sum(error**2 for error in errors.values())
    if not total:
        return 0.0
    degrees = total**2 / sum(error**4 / each for each, error in errors.items())
    return float(stats.t.ppf((1 + _CONFIDENCE) / 2, degrees))


def _paired(more: Tensor, less: Tensor) -> tuple[Tensor, Tensor]:
    """The units that both were measured on: the first ones, if there are more of one."""
    shared = min(len(more), len(less))
    return more[:shared], less[:shared]


def decided(records: Records, chosen: Mapping[str, Mapping[str, str]]) -> list[dict[str, Any]]:
    """All claims with their differences and verdicts, as plain JSON values. chosen: see `claims_of`."""
    verdicts = [decide(claim, records) for claim in claims_of(chosen)]
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


def claims_table(verdicts: Sequence[Mapping[str, Any]], note: str) -> Table:
    """What `decided` returned, as a table. note: on the data."""
    return Table(
        "Claims of chapter 5",
        ("table", "claim", "difference", "1 SE", "verdict"),
        [_row(verdict) for verdict in verdicts],
        "Differences are paired: on the same episodes, or on the same pairs of classes. Seen: the 95% interval, by "
        "Student's t, lies above 0; reversed: below. The standard error is over episodes or pairs, and over seeds as "
        f"well if there are several. {note}",
        labels=2,
    )


def _row(verdict: Mapping[str, Any]) -> tuple[str, ...]:
    unit, error = verdict["unit"], verdict["standard_error"]
    places = 2 if unit else 3
    shown = "" if error is None else f"{error:.{places}f}"
    return verdict["table"], verdict["claim"], f"{verdict['difference']:+.{places}f}{unit}", shown, verdict["verdict"]
