"""Token mixers by name."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from torch import nn

from models.attention.convolutional import Pooling, depthwise
from models.attention.cross_shaped import CrossShapedAttention
from models.attention.global_attention import GlobalSelfAttention
from models.attention.grouped import GroupedSelfAttention
from models.attention.local import LocalSelfAttention
from models.attention.options import MixerOptions, checked_count
from models.attention.spatial_reduction import SpatialReductionAttention


def _local(dim: int, options: MixerOptions) -> nn.Module:
    return LocalSelfAttention(dim, options.head_dim, options.length, options.swap, options.position_bias)


def _global(dim: int, options: MixerOptions) -> nn.Module:
    return GlobalSelfAttention(dim, options.head_dim)


def _window(dim: int, options: MixerOptions) -> nn.Module:
    return GroupedSelfAttention(dim, "window", options.head_dim, options.window, options.position_bias)


def _grid(dim: int, options: MixerOptions) -> nn.Module:
    return GroupedSelfAttention(dim, "grid", options.head_dim, options.window, options.position_bias)


def _cross_shaped(dim: int, options: MixerOptions) -> nn.Module:
    return CrossShapedAttention(dim, options.head_dim, options.stripe)


def _spatial_reduction(dim: int, options: MixerOptions) -> nn.Module:
    return SpatialReductionAttention(dim, options.head_dim, options.reduction)


def _pooling(dim: int, options: MixerOptions) -> nn.Module:
    return Pooling(options.kernel)


def _depthwise(dim: int, options: MixerOptions) -> nn.Module:
    return depthwise(dim, options.kernel)


MIXERS: Mapping[str, Callable[[int, MixerOptions], nn.Module]] = {
    "lsa": _local,
    "global": _global,
    "window": _window,
    "grid": _grid,
    "cswin": _cross_shaped,
    "sra": _spatial_reduction,
    "pooling": _pooling,
    "depthwise": _depthwise,
}
"""The token mixers by name."""


def token_mixer(name: str, dim: int, **options: Any) -> nn.Module:
    """A module that mixes the pixels of maps (batch, channels, height, width) and keeps their shape.

    options: see MixerOptions; a mixer ignores those of other mixers. Raises ValueError for an unknown name or option,
    for a value that is not allowed, and for heads that do not divide the `dim` channels.
    """
    if name not in MIXERS:
        raise ValueError(f"token mixer is {name!r}; allowed are {', '.join(MIXERS)}")
    known = [field.name for field in fields(MixerOptions)]
    for option in options:
        if option not in known:
            raise ValueError(f"option of a token mixer is {option!r}; allowed are {', '.join(known)}")
    return MIXERS[name](checked_count("dim", dim), MixerOptions(**options))
