"""The claims of chapter 5: what is said to be larger than what."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from models.fewshot.held_out import SHOTS
from reports.claims.claim import Claim, Values
from reports.fewshot.networks import BACKBONES, BEST_PULL, PULLS, REGULARIZERS, moves, pulled

_HEADS = {"svm": "SVM", "ridge": "RR", "prototype": "ProtoNet", "fine-tuning": "MAML"}

PAIRS = "on the same episodes, or on the same pairs of classes"
"""What differences of few-shot networks are paired on."""


def claims_of(chosen: Mapping[str, Mapping[str, str]]) -> list[Claim]:
    """The claims. chosen: for each backbone and regularizer, the network whose coefficient validation chose."""
    return [
        *_features(),
        *_separations(),
        *_regularized(chosen),
        *_alignments(chosen),
        *_maml(),
        *_clustering(),
        *_moves(),
    ]


def accuracies(head: str, shot: int) -> Values:
    """The accuracy of each test episode."""

    def values(record: Mapping[str, Any]) -> Tensor:
        found = [one for one in record["evaluations"] if (one["head"], one["shot"]) == (head, shot)]
        return torch.tensor(found[0]["accuracies"], dtype=torch.float64)

    return values


def separations(split: str, symbol: str) -> Values:
    """R_FC or R_HV of each pair of classes."""
    return lambda record: torch.tensor(record["separation"][split][symbol], dtype=torch.float64)


def followed(measured: str, shot: int) -> Values:
    """What was measured of the fine-tuning to each task, of those that all networks were followed on."""
    return lambda record: torch.tensor(record[str(shot)][measured], dtype=torch.float64)


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


def _moves() -> list[Claim]:
    best = moves(pulled(BEST_PULL))
    whole = [(f"{backbone}-M", backbone) for backbone in BACKBONES]
    return [
        *(
            Claim(
                "Figure 5.3",
                f"weight clustering moves less in fine-tuning than Reptile, {shot}-shot",
                moves("Reptile"),
                best,
                followed("distances", shot),
                "",
            )
            for shot in SHOTS
        ),
        *(
            Claim(
                "Figure 5.3",
                f"{backbone}, fine-tuned whole, {text}, 1-shot",
                moves(name),
                moves("Reptile"),
                followed(measured, 1),
                "",
            )
            for name, backbone in whole
            for measured, text in (
                ("mean_distances", "moves its filters farther than Reptile"),
                ("remaining_loss", "keeps more of its loss than Reptile"),
            )
        ),
    ]
