"""Channels and blocks of the backbones by name. Needs no torch."""

from dataclasses import dataclass
from math import gcd
from types import MappingProxyType
from typing import Literal

Family = Literal["metaformer", "next-vit-lsa", "next-vit"]

_NEXT_VIT_STEM = (64, 32, 64, 64)


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """What tells a backbone from others of its family.

    stem: channels of the stem's convolutions. channels: of the blocks of each stage, or of all but the last where the
    stage ends wider. blocks: of each stage. mixers: letters of the stages where a user names none; empty where the
    network has mixers of its own. row: of Table 4.4.
    """

    family: Family
    stem: tuple[int, ...]
    channels: tuple[int, ...]
    blocks: tuple[int, ...]
    mixers: str
    row: str

    def scaled(self, width: float) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Channels of the stem and of the stages at this width.

        Raises ValueError if they are not whole numbers.
        """
        every = (*self.stem, *self.channels)
        if not all(float(width * channels).is_integer() and width > 0 for channels in every):
            raise ValueError(
                f"width is {width}; allowed are positive multiples of 1/{gcd(*every)}, which leave whole channels"
            )
        return tuple(int(width * one) for one in self.stem), tuple(int(width * one) for one in self.channels)


def _metaformer(row: str, channels: tuple[int, ...], blocks: tuple[int, ...]) -> Architecture:
    # Table 4.10 prints both convolutions of the stem alike; Table 4.4's multiply-adds need half as many in the first.
    stem = (channels[0] // 2, channels[0])
    return Architecture(family="metaformer", stem=stem, channels=channels, blocks=blocks, mixers="CCLL", row=row)


def _next_vit(row: str, family: Family, third: int) -> Architecture:
    return Architecture(
        family=family,
        stem=_NEXT_VIT_STEM,
        channels=(96, 192, 384, 768),
        blocks=(3, 4, third, 3),
        mixers="CLLL" if family == "next-vit-lsa" else "",
        row=row,
    )


_SMALL = (64, 128, 320, 512)

ARCHITECTURES = MappingProxyType(
    {
        "s12": _metaformer("MetaFormer-S12 (LSA)", _SMALL, (2, 2, 6, 2)),
        "s18": _metaformer("MetaFormer-S18 (LSA)", _SMALL, (3, 4, 8, 3)),
        "s24": _metaformer("MetaFormer-S24 (LSA)", _SMALL, (4, 4, 12, 4)),
        "swin-s": _metaformer("MetaFormer-SwinS (LSA)", (96, 192, 384, 768), (2, 2, 18, 2)),
        "nextvit-s": _next_vit("Next-ViT-S", "next-vit", 10),
        "nextvit-b": _next_vit("Next-ViT-B", "next-vit", 20),
        "nextvit-l": _next_vit("Next-ViT-L", "next-vit", 30),
        "nextvit-s-lsa": _next_vit("Next-ViT-S (LSA)", "next-vit-lsa", 10),
        "nextvit-b-lsa": _next_vit("Next-ViT-B (LSA)", "next-vit-lsa", 20),
        "nextvit-l-lsa": _next_vit("Next-ViT-L (LSA)", "next-vit-lsa", 30),
    }
)
"""The backbones by name (dissertation Tables 4.4 and 4.10; Next-ViT: Li et al., 2022)."""


def architecture(name: str) -> Architecture:
    """The architecture of this name. Raises ValueError if there is none."""
    if name not in ARCHITECTURES:
        raise ValueError(f"backbone is {name!r}; allowed are {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[name]
