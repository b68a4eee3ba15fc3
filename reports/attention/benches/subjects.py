"""What the attention bench measures, by name: token mixers, backbones and peers, ready for inference."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import torch
from torch import nn

from models.attention.backbones.architectures import ARCHITECTURES
from models.attention.backbones.blocks import Branch, MetaBlock, mlp
from models.attention.backbones.folding import fold
from models.attention.backbones.letters import NORMS, NormName
from models.attention.backbones.norms import MapLayerNorm
from models.attention.backbones.registry import backbone
from models.attention.backbones.staged import StagedNetwork
from models.attention.mixers import MIXERS, token_mixer
from models.backbones.options import seeded
from reports.attention.benches.peers import PEERS, peer_network
from reports.attention.published_networks import NETWORKS
from reports.bench.rows import Quantity

Case = Literal["mixer", "network", "peers"]
CASES: tuple[str, ...] = get_args(Case)

LINEAR = "linear"
"""The two linear layers that are around attention, alone."""

_ACCURACIES = next(table for table in NETWORKS if table.number == "4.4")
_MLP_RATIO = 4

Size = tuple[int, int, int]
"""Channels, height and width of an input."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A model to measure.

    module: in evaluation mode, its weights take no gradients. size: of one input. facts: published of it, for its rows.
    foreign: whether it is of another package.
    """

    name: str
    module: nn.Module
    size: Size
    facts: Mapping[str, Quantity] = field(default_factory=dict)
    foreign: bool = False


DEFAULT_NAMES: Mapping[str, Sequence[str]] = {
    "mixer": ("lsa", "global", "window", "grid", "cswin", "sra", LINEAR),
    "network": ("s12", "s12:CCAA", "s12:CCWW", "s12:CCXX"),
    "peers": ("s12", "nextvit-s-lsa", "nextvit-s", *PEERS),
}
"""What each case measures where the user names nothing; ratios are to the first."""


def subject(case: Case, name: str, size: Size, seed: int) -> Subject:
    """The model of this name for inputs of this size, with weights that depend on the seed alone.

    Raises ValueError for a name that the case does not have.
    """
    make: Mapping[str, Callable[[str, Size, int], Subject]] = {"mixer": _mixer, "network": _network, "peers": _peer}
    if case not in make:
        raise ValueError(f"case is {case!r}; allowed are {', '.join(make)}")
    return make[case](name, size, seed)


def _mixer(name: str, size: Size, seed: int) -> Subject:
    """`lsa`, with options after colons: a length, `swap`, and `block` for a whole block with its MLP."""
    kind, *options = name.split(":")
    allowed = [*MIXERS, LINEAR]
    if kind not in allowed:
        raise ValueError(f"token mixer is {kind!r}; allowed are {', '.join(allowed)}")
    lengths = [int(option) for option in options if option.isdecimal()]
    unknown = [option for option in options if not option.isdecimal() and option not in ("swap", "block")]
    if unknown or len(lengths) > 1:
        raise ValueError(f"token mixer is {name!r}; allowed after a colon are one length, swap and block")
    channels = size[0]
    with seeded(seed):
        if kind == LINEAR:
            module: nn.Module = nn.Sequential(nn.Conv2d(channels, 3 * channels, 1), _First(channels))
        else:
            module = token_mixer(kind, channels, length=lengths[0] if lengths else 49, swap="swap" in options)
        if "block" in options:
            module = _block(module, channels)
    return Subject(name=name, module=_for_inference(module), size=size)


class _First(nn.Module):
    """A linear layer of the first third of the channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.proj = nn.Conv2d(channels, channels, 1)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return self.proj(maps[:, : self.channels])  # type: ignore[no-any-return]


def _block(mixer: nn.Module, channels: int) -> nn.Module:
    bodies = (mixer, mlp(channels, _MLP_RATIO, nn.GELU()))
    return MetaBlock(*(Branch(MapLayerNorm(channels), body, channels, 0, 0) for body in bodies))


def _network(name: str, size: Size, seed: int) -> Subject:
    kind, _, options = name.partition(":")
    facts = {} if options else _published(kind)
    return Subject(name=name, module=fold(named_network(name, seed)), size=size, facts=facts)


def named_network(name: str, seed: int = 0) -> StagedNetwork:
    """`s12`, with options after colons in any order: letters of mixers, a norm, a length.

    Raises ValueError for others.
    """
    kind, *options = name.split(":")
    letters: str | None = None
    norm: NormName | None = None
    length = 49
    for option in options:
        if option in NORMS:
            norm = option  # type: ignore[assignment]  # one of NORMS
        elif option.isdecimal():
            length = int(option)
        else:
            letters = option
    return backbone(kind, letters, norm, length, seed=seed)


def _published(name: str) -> dict[str, Quantity]:
    row = ARCHITECTURES[name].row
    distilled = str(_ACCURACIES.cell(row, "distilled"))
    return {"accuracy": _ACCURACIES.numeric(row, "accuracy"), "distilled": distilled, "whose": "ours"}


def _peer(name: str, size: Size, seed: int) -> Subject:
    """One of our backbones, or a peer of timm."""
    kind = name.split(":")[0]
    if kind in ARCHITECTURES:
        return _network(name, size, seed)
    if name not in PEERS:
        raise ValueError(f"peer is {name!r}; allowed are {', '.join((*ARCHITECTURES, *PEERS))}")
    peer = PEERS[name]
    with seeded(seed):
        module = _for_inference(peer_network(peer, size[1:]))
    facts = {"accuracy": peer.accuracy, "distilled": "yes" if peer.distilled else "no", "whose": "peer"}
    return Subject(name=name, module=module, size=size, facts=facts, foreign=True)


def _for_inference(module: nn.Module) -> nn.Module:
    return module.eval().requires_grad_(False)
