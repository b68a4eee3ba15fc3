"""The claims of chapter 6 (section 6.4): what is said to be better than what."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from reports.fewshot.augmentation.cells import SHOTS, domain_networks
from reports.fewshot.augmentation.networks import DA, LARGE_ROTATION, MM, QUERY_CUTMIX, maxup, trained_with
from reports.fewshot.augmentation.plans import CLAIMED
from reports.fewshot.claims import Claim, Values

_PARTS: Sequence[tuple[str, str, str, str]] = (
    ("6.4.2", "query CutMix beats the baseline", QUERY_CUTMIX, ""),
    ("6.4.2", "support CutMix beats the baseline", "cutmix:support", ""),
    ("6.4.2", "query CutMix beats support CutMix", QUERY_CUTMIX, "cutmix:support"),
    ("6.4.2", "large rotation of tasks beats the baseline", LARGE_ROTATION, ""),
    ("6.4.2", "large rotation of tasks beats support CutMix", LARGE_ROTATION, "cutmix:support"),
    ("6.3.1", "the baseline beats a query pool of 5", "", "query pool 5"),
    ("6.3.1", "the baseline beats a support pool of 5", "", "support pool 5"),
    ("6.3.1", "a support pool of 5 beats a query pool of 5", "support pool 5", "query pool 5"),
    ("6.3.1", "the baseline beats 13 tasks", "", "13 tasks"),
    ("6.3.1", "a support pool of 5 beats 13 tasks", "support pool 5", "13 tasks"),
    ("6.4.3", "DA beats the baseline", DA, ""),
    ("6.4.3", "DA beats query CutMix", DA, QUERY_CUTMIX),
    ("6.4.4", "Meta-MaxUp beats the baseline", MM, ""),
    ("6.4.4", "Meta-MaxUp beats query CutMix", MM, QUERY_CUTMIX),
    ("6.4.4", "Meta-MaxUp beats large rotation of tasks", MM, LARGE_ROTATION),
    ("6.4.4", "Meta-MaxUp beats DA", MM, DA),
    ("6.4.4", "Meta-MaxUp, m = 4, beats m = 1", MM, maxup("medium", 1)),
    ("6.4.4", "Meta-MaxUp beats that with the single pool", MM, maxup("single", 4)),
)
"""Sections, texts and networks of one method, by what they are trained with; none for the baseline."""


def accuracies_of(shot: int) -> Values:
    """The accuracy of each test episode by the learner's own head."""

    def values(record: Mapping[str, Any]) -> Tensor:
        found = next(one for one in record["evaluations"] if one["shot"] == shot)
        return torch.tensor(found["accuracies"], dtype=torch.float64)

    return values


def accuracies_on(*domains: int) -> Values:
    """The accuracy of each task, its mean over several data sets, which are given by their numbers."""

    def values(record: Mapping[str, Any]) -> Tensor:
        found = [record["evaluations"][number]["accuracies"] for number in domains]
        return torch.tensor(found, dtype=torch.float64).mean(0)

    return values


def augmentation_claims() -> list[Claim]:
    """Three claims of four, in parts: modes differ, meta-specific augmentation helps, Meta-MaxUp helps further."""

    def network(what: str) -> str:
        return trained_with(CLAIMED, what) if what else CLAIMED

    return [
        Claim(section, f"{text}, {shown}", network(more), network(less), accuracies_of(shot))
        for section, text, more, less in _PARTS
        for shown, shot in SHOTS.items()
    ]


def domain_claims(names: Sequence[str], others: int) -> list[Claim]:
    """The fourth claim: augmentation helps on other data. names: of the domains, the last `others` not trained on."""
    first = len(names) - others
    places: list[tuple[tuple[int, ...], str]] = [
        ((number,), f"on {names[number]}") for number in range(first, len(names))
    ]
    if others > 1:
        places.append((tuple(range(first, len(names))), "on average over domains"))
    return [
        Claim("6.4.7", f"{heading} beats {heading.partition(' + ')[0]} {where}", name, less, accuracies_on(*numbers))
        for heading, (name, less) in domain_networks().items()
        if less is not None
        for numbers, where in places
    ]
