"""The claims of chapter 5, each decided by a paired difference and its standard error."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import Any

import torch
from torch import Tensor

from models.fewshot.statistics import paired_difference
from reports.fewshot.experiments import Records
from reports.fewshot.measure import SHOTS
from reports.fewshot.networks import BACKBONES, BEST_PULL, PULLS, REGULARIZERS, pulled
from reports.tables.table import Table

_CERTAIN = 2  # standard errors
_HEADS = {"svm": "SVM", "ridge": "RR", "prototype": "ProtoNet", "fine-tuning": "MAML"}

Values = Callable[[Mapping[str, Any]], Tensor]
"""What is measured of a record, (units,): of each episode or each pair of classes, the same units in every record."""


@dataclass(frozen=True)
class Claim:
    """That the values of `more` are larger than those of `less`, both being names of records.

    where: the table that makes the claim. values: of the records. unit: of the difference, % for shares.
    """

    where: str
    text: str
    more: str
    less: str
    values: Values
    unit: str = "%"


@dataclass(frozen=True)
class Verdict:
    """A claim's mean difference over seeds, with 1 SE, both in the claim's unit; None for SE with nothing to tell it.

    The standard error has two parts: over units, which all seeds share, and over seeds, if there are several.
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
    """The verdict on a claim whose records are there for the same seeds."""
    more, less = records[claim.more], records[claim.less]
    pairs = [(claim.values(more[seed]), claim.values(less[seed])) for seed in more]
    scale = 100 if claim.unit == "%" else 1
    by_seed = [float((one - other).mean()) for one, other in pairs]
    parts = []
    if len(pairs[0][0]) > 1:
        over_seeds = [torch.stack(side).mean(0) for side in zip(*pairs, strict=True)]
        parts.append(paired_difference(*over_seeds).standard_error)
    if len(by_seed) > 1:
        parts.append(stdev(by_seed) / math.sqrt(len(by_seed)))
    return Verdict(claim, scale * mean(by_seed), scale * math.hypot(*parts) if parts else None)


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


def claims_of(chosen: Mapping[str, Mapping[str, str]]) -> list[Claim]:
    """The claims. chosen: for each backbone and regularizer, the network whose coefficient validation chose."""
    return [*_features(), *_separations(), *_regularized(chosen), *_alignments(chosen), *_maml(), *_clustering()]


def accuracies(head: str, shot: int) -> Values:
    """The accuracy of each test episode."""

    def values(record: Mapping[str, Any]) -> Tensor:
        found = [one for one in record["evaluations"] if (one["head"], one["shot"]) == (head, shot)]
        return torch.tensor(found[0]["accuracies"], dtype=torch.float64)

    return values


def separations(split: str, symbol: str) -> Values:
    """R_FC or R_HV of each pair of classes."""
    return lambda record: torch.tensor(record["separation"][split][symbol], dtype=torch.float64)


def _features() -> list[Claim]:
    return [
        Claim(
            table,
            f"{backbone}: meta-learned features beat classical ones, {shown}, {shot}-shot",
            f"{backbone}-M",
            f"{backbone}-C",
            accuracies(head, shot),
        )
        for table, shot in zip(("5.1", "5.7"), SHOTS, strict=True)
        for backbone in BACKBONES
        for head, shown in _HEADS.items()
    ]


def _separations() -> list[Claim]:
    return [
        Claim(
            "5.2",
            f"{backbone}: meta-learned features have a lower {symbol}",
            f"{backbone}-C",
            f"{backbone}-M",
            separations("test", symbol),
            "",
        )
        for backbone in BACKBONES
        for symbol in REGULARIZERS
    ]


def _regularized(chosen: Mapping[str, Mapping[str, str]]) -> list[Claim]:
    return [
        Claim(
            "5.3",
            f"{backbone}: {symbol} improves classical training, {shot}-shot",
            network,
            f"{backbone}-C",
            accuracies("svm", shot),
        )
        for backbone, networks in chosen.items()
        for symbol, network in networks.items()
        for shot in SHOTS
    ]


def _alignments(chosen: Mapping[str, Mapping[str, str]]) -> list[Claim]:
    return [
        Claim(
            "5.4",
            f"{backbone}: {symbol} makes classical features more like meta-learned ones (CKA)",
            f"{network} ~ {backbone}-M",
            f"{backbone}-C ~ {backbone}-M",
            lambda record: torch.tensor([record["unbiased"]], dtype=torch.float64),
            "",
        )
        for backbone, networks in chosen.items()
        for symbol, network in networks.items()
    ]


def _maml() -> list[Claim]:
    return [
        Claim(
            "5.5",
            f"{name} separates training classes worse than classical training ({symbol})",
            name,
            "MAML-C",
            separations("train", symbol),
            "",
        )
        for name in ("MAML-1", "MAML-5")
        for symbol in REGULARIZERS
    ]


def _clustering() -> list[Claim]:
    best = pulled(BEST_PULL)
    found = []
    for shot in SHOTS:
        tuned = accuracies("fine-tuning", shot)
        found += [
            Claim("5.6", f"weight clustering beats Reptile, {shot}-shot", best, "Reptile", tuned),
            Claim("5.6", f"weight clustering beats FOMAML, {shot}-shot", best, f"FOMAML-{shot}", tuned),
            Claim("5.6", f"Reptile beats classical training, {shot}-shot", "Reptile", "MAML-C", tuned),
        ]
    return found + [
        Claim("5.10", f"a pull of {pull:.1e} improves Reptile, {shot}-shot", pulled(pull), "Reptile", tuned)
        for shot in SHOTS
        for tuned in [accuracies("fine-tuning", shot)]
        for pull in PULLS
        if pull != BEST_PULL
    ]


def _row(verdict: Mapping[str, Any]) -> tuple[str, ...]:
    unit, error = verdict["unit"], verdict["standard_error"]
    places = 2 if unit else 3
    shown = "" if error is None else f"{error:.{places}f}"
    return verdict["table"], verdict["claim"], f"{verdict['difference']:+.{places}f}{unit}", shown, verdict["verdict"]
