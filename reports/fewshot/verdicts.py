"""Verdicts on the claims of chapter 5, each by a paired difference and its standard error."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import Any

import torch
from torch import Tensor

from models.fewshot.statistics import paired_difference
from reports.fewshot.claims import Claim, claims_of
from reports.fewshot.experiments import Records
from reports.tables.table import Table

_CERTAIN = 2  # standard errors


@dataclass(frozen=True)
class Verdict:
    """A claim's mean difference over seeds, with 1 SE, both in the claim's unit.

    The standard error has two parts: over units, which all seeds share, and over seeds, if there are several. It is
    None for one unit and one seed.
    """

    claim: Claim
    difference: float
    standard_error: float | None

    @property
    def word(self) -> str:
        """`seen` or `reversed` if the difference is more than two standard errors from 0, else `not seen`."""
        if self.standard_error is None or abs(self.difference) <= _CERTAIN * self.standard_error:
            return "not seen"
        return "seen" if self.difference > 0 else "reversed"


def decide(claim: Claim, records: Records) -> Verdict:
    """The verdict on a claim, from records of both networks with the same seeds."""
    more, less = records[claim.more], records[claim.less]
    pairs = [_paired(claim.values(more[seed]), claim.values(less[seed])) for seed in more]
    scale = 100 if claim.unit == "%" else 1
    by_seed = [float((one - other).mean()) for one, other in pairs]
    parts = []
    if len(pairs[0][0]) > 1:
        over_seeds = [torch.stack(side).mean(0) for side in zip(*pairs, strict=True)]
        parts.append(paired_difference(*over_seeds).standard_error)
    if len(by_seed) > 1:
        parts.append(stdev(by_seed) / math.sqrt(len(by_seed)))
    return Verdict(claim, scale * mean(by_seed), scale * math.hypot(*parts) if parts else None)


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
        "Differences are paired: on the same episodes, or on the same pairs of classes. Seen: more than two standard "
        "errors above 0; reversed: as many below. The standard error is over episodes or pairs, and over seeds as well "
        f"if there are several. {note}",
        labels=2,
    )


def _row(verdict: Mapping[str, Any]) -> tuple[str, ...]:
    unit, error = verdict["unit"], verdict["standard_error"]
    places = 2 if unit else 3
    shown = "" if error is None else f"{error:.{places}f}"
    return verdict["table"], verdict["claim"], f"{verdict['difference']:+.{places}f}{unit}", shown, verdict["verdict"]
