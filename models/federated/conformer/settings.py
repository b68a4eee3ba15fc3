"""Sizes of Conformer encoders."""

from dataclasses import dataclass
from typing import Literal

from models.checks import check_choice, check_positive

NormName = Literal["layer", "group", "batch"]
Subsampling = Literal[2, 4]
SizeName = Literal["tiny", "S", "M", "L"]


@dataclass(frozen=True, kw_only=True)
class ConformerSettings:
    """A Conformer encoder.

    blocks: their number. width: features of a frame. heads: of attention. kernel: frames that the depthwise convolution
    spans. expansion: width of feed-forward layers, in widths. norm: within the convolution module; statistics of a
    batch are wrong for the few utterances of a client. subsampling: frames of the input for one of the output.
    dropout: probability. checkpointing: training keeps little beside the inputs of sub-blocks and computes the rest
    again for the gradients; the front end works on a few frames at a time.

    Raises ValueError, naming the numbers, for impossible ones.
    """

    blocks: int
    width: int
    heads: int
    kernel: int = 32
    expansion: int = 4
    norm: NormName = "layer"
    subsampling: Subsampling = 4
    dropout: float = 0.1
    checkpointing: bool = False

    def __post_init__(self) -> None:
        for name in ("blocks", "width", "heads", "kernel", "expansion"):
            check_positive(name, getattr(self, name))
        check_choice("norm", self.norm, NormName)
        if self.width % (2 * self.heads):
            raise ValueError(f"width is {self.width}; allowed are even multiples of the {self.heads} heads")
        if self.subsampling not in (2, 4):
            raise ValueError(f"subsampling is {self.subsampling}; allowed are 2 and 4")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout is {self.dropout}; allowed are 0 to below 1")


CONFORMERS: dict[SizeName, ConformerSettings] = {
    "tiny": ConformerSettings(blocks=2, width=64, heads=4, kernel=8),
    "S": ConformerSettings(blocks=16, width=144, heads=4),
    "M": ConformerSettings(blocks=16, width=256, heads=4),
    "L": ConformerSettings(blocks=17, width=512, heads=8),
}
"""Encoders by name: S, M and L are the paper's, tiny is for digits."""
