"""The claims of chapter 6 (sections 6.3.1 and 6.4): what is said to be better than what."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from reports.claims.claim import Claim, Values
from reports.fewshot.augmentation.cells import domain_networks
from reports.fewshot.augmentation.networks import DA, LARGE_ROTATION, MM, QUERY_CUTMIX, maxup, trained_with
from reports.fewshot.augmentation.plans import CLAIMED
from reports.fewshot.networks import SHOTS

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

_NOT_INVARIANT = "Omniglot"
"""The data set that the text excepts: its letters are not invariant to strong augmentation."""


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
    """The fourth claim: augmentation helps on other data, but for Omniglot, which suffers.

    names: of the domains, the last `others` not trained on.
    """
    numbers = range(len(names) - others, len(names))
    found = []
    for heading, (augmented, baseline) in domain_networks().items():
        if baseline is None:
            continue
        learner = heading.partition(" + ")[0]
        for number in numbers:
            values, where = accuracies_on(number), f"on {names[number]}"
            if names[number] == _NOT_INVARIANT:
                found.append(Claim("6.4.7", f"{learner} beats {heading} {where}", baseline, augmented, values))
            else:
                found.append(Claim("6.4.7", f"{heading} beats {learner} {where}", augmented, baseline, values))
        if others > 1:
            text = f"{heading} beats {learner} on average over domains"
            found.append(Claim("6.4.7", text, augmented, baseline, accuracies_on(*numbers)))
    return found
