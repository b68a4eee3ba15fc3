"""The claims of chapter 4, each an order of two networks."""

from collections.abc import Sequence
from itertools import pairwise

from reports.attention.cells import ACCURACY, BOX, MASK, MEAN_IOU, Measure
from reports.attention.networks.experiments import Records
from reports.attention.networks.names import (
    BATCH_NORM,
    GLOBAL,
    HYBRID_NORM,
    LAST,
    NEITHER,
    NONE,
    OURS,
    RUN_WITH,
    SRA,
    SWAP_ALONE,
    SWIN,
    WIN_GRID,
    record_name,
    with_length,
)
from reports.attention.networks.scales import Scale
from reports.attention.results import accuracy_at, values_of
from reports.claims.claim import Claim

_ALL = {ACCURACY: "accuracy", MEAN_IOU: "mIoU", BOX: "box AP", MASK: "mask AP"}
_DENSE = (BOX, MASK, MEAN_IOU)

_ORDERS: Sequence[tuple[str, str, str, str, Sequence[Measure]]] = (
    ("4.2", "LSA beats windows without shift", OURS, SWIN, (ACCURACY,)),
    ("4.2", "LSA beats SRA", OURS, SRA, (ACCURACY,)),
    ("4.3", "global attention in two stages beats the last alone", GLOBAL, LAST, (ACCURACY, MEAN_IOU, BOX)),
    ("4.3", "LSA beats global attention in the last stage", OURS, LAST, (ACCURACY, MEAN_IOU, BOX)),
    ("4.3", "LSA beats convolutions alone", OURS, NONE, (ACCURACY, MEAN_IOU, BOX)),
    ("4.8", "layer norm beats batch norm", OURS, BATCH_NORM, (ACCURACY,)),
    ("4.8", "BN-LN beats batch norm", HYBRID_NORM, BATCH_NORM, (ACCURACY,)),
    ("4.9", "swap helps", SWAP_ALONE, NEITHER, tuple(_ALL)),
    ("4.9", "position bias helps", OURS, SWAP_ALONE, tuple(_ALL)),
    ("4.11", "LSA beats windows", OURS, SWIN, _DENSE),
    ("4.11", "LSA beats windows and grid", OURS, WIN_GRID, _DENSE),
    ("4.13", "layer norm beats BN-LN, S12", OURS, HYBRID_NORM, (ACCURACY, MEAN_IOU, BOX)),
)
"""Tables, texts, the better and the worse network, and the figures of which it is said."""

_LENGTHS = (98, 49, 14, 7)
_FOREIGN = 14, 7
"""Lengths to run with that neither network of the claim was trained with."""


def claims_of(records: Records, scale: Scale) -> list[Claim]:
    """The claims about measured networks."""
    orders = [
        Claim(
            table, f"{text}, {_ALL[measure]}", record_name(more, measure.task), record_name(less, measure.task), value
        )
        for table, text, more, less, measures in _ORDERS
        for measure in measures
        for value in [values_of(measure)]
    ]
    claims = [*orders, *_longer(), *_other_lengths(scale)]
    return [claim for claim in claims if claim.more in records and claim.less in records]


def _names(measure: Measure, better: str, worse: str) -> tuple[str, str]:
    return record_name(better, measure.task), record_name(worse, measure.task)


def _longer() -> list[Claim]:
    """Longer runs are more accurate (4.4.4.1)."""
    names = {"all tokens": GLOBAL, **{f"{length} tokens": with_length(length) for length in _LENGTHS}}
    return [
        Claim("4.12", f"runs of {more} beat runs of {less}", names[more], names[less], values_of(ACCURACY))
        for more, less in pairwise(names)
    ]


def _other_lengths(scale: Scale) -> list[Claim]:
    """Networks that learnt with local attention bear a shorter length better than one with global attention."""
    return [
        Claim(
            "4.7",
            f"trained with {RUN_WITH[name][0]} tokens beats trained with all, run with {length}",
            name,
            GLOBAL,
            values_of(accuracy_at(scale.length(length))),
        )
        for name in RUN_WITH
        if name != GLOBAL
        for length in _FOREIGN
    ]
