"""The claims of chapter 7, each an order of two encoders."""

from collections.abc import Sequence

from reports.claims.claim import Claim
from reports.selfsup.encoders.experiments import Records
from reports.selfsup.encoders.names import BASELINES, LEARNERS, few_labels, trained, transferred
from reports.selfsup.results import FRACTIONS, LINEAR, NEIGHBOURS, rightness

_PROBES = (LINEAR, NEIGHBOURS)
_HARM = "rotation of each view hurts"
_HELP = {
    "task": "rotation as task augmentation helps",
    "auxiliary": "rotation as auxiliary loss helps",
    "both": "rotation as both helps",
}


def claims_of(records: Records, targets: Sequence[str]) -> list[Claim]:
    """The claims about measured encoders. targets: titles of the data sets of Table 7.4."""
    claims = [*_above_baselines(), *_learners(), *_few_labels(), *_transfer(targets), *_rotations()]
    return [claim for claim in claims if claim.more in records and claim.less in records]


def _above_baselines() -> list[Claim]:
    return [
        Claim("baselines", f"{title} beats {baseline}, {probe}", trained(title), baseline, rightness(probe))
        for title in LEARNERS
        for baseline in BASELINES
        for probe in _PROBES
    ]


def _learners() -> list[Claim]:
    return [
        Claim("7.1", f"{title} beats SimCLR, {probe}", trained(title), trained("SimCLR"), rightness(probe))
        for title in ("ProtoNet", "R2-D2")
        for probe in _PROBES
    ]


def _few_labels() -> list[Claim]:
    more, less = (few_labels(trained(title)) for title in ("R2-D2", "SimCLR"))
    return [Claim("7.3", f"R2-D2 beats SimCLR, {fraction}", more, less, rightness(fraction)) for fraction in FRACTIONS]


def _transfer(targets: Sequence[str]) -> list[Claim]:
    more, less = (transferred(trained(title)) for title in ("R2-D2", "SimCLR"))
    return [Claim("7.4", f"R2-D2 beats SimCLR on {target}", more, less, rightness(target)) for target in targets]


def _rotations() -> list[Claim]:
    found = []
    for title in LEARNERS:
        plain, of_views = trained(title), trained(title, "sample")
        for probe in _PROBES:
            values = rightness(probe)
            found.append(Claim("7.5", f"{title}: {_HARM}, {probe}", plain, of_views, values))
            for rotation, text in _HELP.items():
                network = trained(title, rotation)  # type: ignore[arg-type]  # a key of _HELP
                found.append(Claim("section 7.5", f"{title}: {text}, {probe}", network, plain, values))
            text = "task augmentation beats rotation of each view"
            found.append(Claim("section 7.5", f"{title}: {text}, {probe}", trained(title, "task"), of_views, values))
    return found
