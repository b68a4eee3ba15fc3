"""The token mixer of a block, from its stage's letter."""

from math import isqrt
from typing import Any

from torch import nn

from models.attention.backbones.options import BackboneOptions
from models.attention.mixers import token_mixer

_REDUCTIONS = (8, 4, 2, 1)


def block_mixer(letter: str, channels: int, stage: int, place: int, options: BackboneOptions) -> nn.Module:
    """The mixer of a block; place: its number among the mixers of its stage, from 0.

    Local self-attention swaps, and G is grid attention, at odd places. Windows and stripes are as wide as a square of
    `length` tokens; keys of spatial reduction are squares of 8, 4, 2 and 1 pixels a side in the four stages, as in PVT.
    Raises ValueError for channels that heads do not divide.
    """
    side = max(1, isqrt(options.length))
    heads: dict[str, Any] = {"head_dim": options.head_channels}
    windows = heads | {"position_bias": options.position_bias, "window": side}
    if letter == "L":
        swap = options.swap and place % 2 == 1
        position_bias = options.position_bias
        return token_mixer("lsa", channels, length=options.length, swap=swap, position_bias=position_bias, **heads)
    if letter in "WG":
        return token_mixer("grid" if letter == "G" and place % 2 else "window", channels, **windows)
    if letter == "X":
        return token_mixer("cswin", channels, stripe=side, **heads)
    if letter == "R":
        return token_mixer("sra", channels, reduction=_REDUCTIONS[stage], **heads)
    if letter == "A":
        return token_mixer("global", channels, **heads)
    return token_mixer("depthwise" if letter == "C" else "pooling", channels)
