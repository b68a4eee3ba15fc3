"""Options of Mask R-CNN. Needs no torch."""

from dataclasses import dataclass
from typing import Self

_FEWEST_CHANNELS, _FEWEST_REGIONS = 8, 32


@dataclass(frozen=True, kw_only=True)
class DetectorOptions:
    """The sizes of a detector; those left out are Mask R-CNN's for COCO.

    shorter, longer: pixels to which pictures are scaled: the shorter side, unless the longer one would be too long.
    channels: of the feature pyramid and of the mask head. hidden: of the box head. proposals: regions that are kept of
    a picture. sampled: those of them that the heads train on.

    Raises ValueError for numbers below 1, and for a longer side that is shorter.
    """

    shorter: int = 800
    longer: int = 1333
    channels: int = 256
    hidden: int = 1024
    proposals: int = 1000
    sampled: int = 512

    def __post_init__(self) -> None:
        for name in ("shorter", "channels", "hidden", "proposals", "sampled"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; allowed is an integer of at least 1")
        if self.longer < self.shorter:
            raise ValueError(f"longer is {self.longer}; allowed are {self.shorter}, which is shorter, and more")

    @classmethod
    def scaled(cls, width: float = 1.0, shorter: int = 800) -> Self:
        """The options for a backbone of this width and pictures of this shorter side, in proportion to COCO's."""
        share = min(1.0, shorter / cls.shorter)
        return cls(
            shorter=shorter,
            longer=round(shorter * cls.longer / cls.shorter),
            channels=max(_FEWEST_CHANNELS, round(cls.channels * width)),
            hidden=max(_FEWEST_CHANNELS, round(cls.hidden * width)),
            proposals=max(_FEWEST_REGIONS, round(cls.proposals * share)),
            sampled=max(_FEWEST_REGIONS, round(cls.sampled * share)),
        )
