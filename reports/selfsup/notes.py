"""Notes below chapter 7's tables: where ours come from, and where two measures rank encoders differently."""

from collections.abc import Mapping, Sequence
from typing import Any

from reports.selfsup.encoders.names import BASELINES, LEARNERS, ROTATIONS, trained
from reports.selfsup.plans import IMAGENET_TABLES
from reports.selfsup.results import LINEAR, NEIGHBOURS

Found = Mapping[str, Any]
"""A result of `measure_tables`."""

_CIFAR = "CIFAR-10"
_RANKED: Mapping[str, Sequence[tuple[str, Mapping[str, str]]]] = {
    **{number: [("", {title: trained(title) for title in LEARNERS})] for number in ("7.1", "7.2")},
    "7.5": [(f"{title}: ", {one: trained(title, one) for one in ROTATIONS[:2]}) for title in LEARNERS],
    "rotation": [(f"{title}: ", {one: trained(title, one) for one in ROTATIONS}) for title in LEARNERS],
}
"""Groups of encoders that a table compares, each with its title and the encoders' names by their titles."""


def note_of(number: str, found: Found) -> str:
    """The note below a table of ours."""
    parts = [_protocol(number, found), _orders(number, found), _beside(number, found), ours(number, found)]
    return " ".join(part for part in parts if part)


def ours(number: str, found: Found) -> str:
    """The origin of our numbers: data, training, probes and errors."""
    seeds = len(found["seeds"])
    several = f"{seeds} seeds" if seeds > 1 else "1 seed"
    over = "test images" if seeds == 1 else "seeds" if found["splits_by_seed"] else "test images and seeds"
    return (
        f"Ours: scale {found['scale']}, {found['data']} (digest {found['data_digest']}), {found['training']}; "
        f"{_probes(number, found)}; {several}, mean and 1 SE over {over}."
    )


def _probes(number: str, found: Found) -> str:
    probes = found["probes"]
    if number == "7.3":
        return f"fine-tuned by {probes['few_labels']}"
    if number == "7.4":
        return f"fine-tuned by {probes['transfer']}"
    frozen = f"linear: probe {probes['linear']}; both probes use {probes['labels']:,} labels"
    if number != "claims7":
        return frozen
    return f"{frozen}; fine-tuned by {probes['few_labels']} (7.3) and {probes['transfer']} (7.4)"


def _protocol(number: str, found: Found) -> str:
    """The difference between ours and the published data."""
    if found["imagenet"] or number == "claims7":
        return ""
    if number not in IMAGENET_TABLES:
        return "" if found["data"] == _CIFAR else f"Ours are of {found['data']}, not of {_CIFAR}."
    what = {
        "7.2": f"linear evaluation on {found['data']}, with the encoders of Table 7.1",
        "7.3": f"1% and 10% of {found['probes']['labels']:,} labels of {found['data']}",
        "7.4": f"transfer from {found['data']} to {', '.join(found['targets'])}",
    }[number]
    return f"Ours are not of ImageNet, but the same protocol at another size: {what}."


def _beside(number: str, found: Found) -> str:
    """The baselines of a table that has no rows for them."""
    if number != "7.5":
        return ""
    shown = [
        f"{name} {found['figures'][name][LINEAR]['mean']:.1f}% and {found['figures'][name][NEIGHBOURS]['mean']:.1f}%"
        for name in BASELINES
        if name in found["figures"]
    ]
    return f"Beside them, linear and k-NN: {'; '.join(shown)}."


def _orders(number: str, found: Found) -> str:
    """A sentence for each group that the linear probe and k-NN order differently."""
    sentences = []
    for title, names in _RANKED.get(number, ()):
        by_probe, by_neighbours = (_order(names, found, measured) for measured in (LINEAR, NEIGHBOURS))
        if by_probe != by_neighbours:
            sentences.append(f"{title}{', '.join(by_probe)} by the probe, {', '.join(by_neighbours)} by k-NN")
    if not sentences:
        return "The linear probe and k-NN agree in their order." if number in _RANKED else ""
    return f"The linear probe and k-NN disagree in their order, best first: {'; '.join(sentences)}."


def _order(names: Mapping[str, str], found: Found, measured: str) -> list[str]:
    """Titles, the best first."""
    return sorted(names, key=lambda title: found["figures"][names[title]][measured]["mean"], reverse=True)
