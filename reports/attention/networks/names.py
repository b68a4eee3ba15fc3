"""Networks of chapter 4's tables by name, and names of their records. Needs no torch."""

from collections.abc import Mapping
from typing import Any

from models.attention.backbones.architectures import ARCHITECTURES
from models.attention.backbones.letters import NormName
from models.attention.training.settings import TaskName

OURS = "LSA"
"""S12 with local self-attention in the last two stages, layer norm and runs of 49 tokens."""

GLOBAL, LAST, NONE = "CCAA", "CCCA", "CCCC"
"""Global attention in two stages, in the last alone, and in none."""

SWIN, WIN_GRID, CSWIN, SRA = "Swin", "Win/Grid", "CSWin", "SRA"
"""Networks with another mixer in the third stage alone (4.4.2.1)."""

POOLING, BATCH_NORM, HYBRID_NORM, THREE_STAGES = "LSA, pooling", "LSA, BN", "LSA, BN-LN", "LSA, three stages"
SWAP_ALONE, NEITHER = "LSA, no position bias", "LSA, no position bias, no swap"
"""Variants of Tables 4.8 and 4.9."""

FULL, DEFAULT_LENGTH = 196, 49
"""Tokens of the third stage at 224 pixels, and of a run."""

LENGTHS = (FULL, 98, DEFAULT_LENGTH, 28, 14, 7)
RUN_WITH: Mapping[str, tuple[int, ...]] = {GLOBAL: LENGTHS, f"{OURS}, length 98": LENGTHS[1:], OURS: LENGTHS[2:]}
"""Networks of Table 4.7 with the lengths of runs that each is measured with, its own first."""


def with_length(length: int) -> str:
    """Ours with runs of another length."""
    return OURS if length == DEFAULT_LENGTH else f"{OURS}, length {length}"


def variant(architecture: str, norm: NormName) -> str:
    """A backbone of Table 4.4 with a norm."""
    if architecture == "s12" and norm != "bn":
        return OURS if norm == "ln" else HYBRID_NORM
    return f"{architecture}, {norm}"


def own_norm(architecture: str) -> NormName:
    """The norm with which Tables 4.4 and 4.5 list a backbone."""
    return "bn" if ARCHITECTURES[architecture].family == "next-vit" else "bn-ln"


def _s12(mixers: str = "CCLL", **changed: Any) -> dict[str, Any]:
    return {"network": "s12", "mixers": mixers, "norm": "ln", "length": DEFAULT_LENGTH, **changed}


_META_FORMERS = tuple(name for name, one in ARCHITECTURES.items() if one.family == "metaformer")

NETWORKS: Mapping[str, Mapping[str, Any]] = {
    OURS: _s12(),
    GLOBAL: _s12("CCAA", length=FULL),
    LAST: _s12("CCCA"),
    NONE: _s12("CCCC"),
    SWIN: _s12("CCWL"),
    WIN_GRID: _s12("CCGL"),
    CSWIN: _s12("CCXL"),
    SRA: _s12("CCRL"),
    **{with_length(length): _s12(length=length) for length in (98, 14, 7)},
    POOLING: _s12("PPLL"),
    BATCH_NORM: _s12(norm="bn"),
    HYBRID_NORM: _s12(norm="bn-ln"),
    THREE_STAGES: _s12("CLLL"),
    SWAP_ALONE: _s12(position_bias=False),
    NEITHER: _s12(position_bias=False, swap=False),
    **{
        variant(name, norm): {"network": name, "norm": norm, "length": DEFAULT_LENGTH}
        for name in _META_FORMERS
        if name != "s12"
        for norm in ("bn-ln", "ln")
    },
    **{
        variant(name, own_norm(name)): {"network": name, "length": DEFAULT_LENGTH}
        for name in ARCHITECTURES
        if name not in _META_FORMERS
    },
}
"""Settings of the networks by name; `length` as published."""

_SEPARATOR = "; "


def record_name(network: str, task: TaskName) -> str:
    """The record of a network that learnt a task."""
    return network if task == "classify" else f"{network}{_SEPARATOR}{task}"


def parts_of(record: str) -> tuple[str, TaskName]:
    """The network and the task of a record's name."""
    network, _, task = record.partition(_SEPARATOR)
    return network, task or "classify"  # type: ignore[return-value]  # names end in tasks
