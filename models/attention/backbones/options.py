"""Options of a backbone, checked. Needs no torch."""

from dataclasses import dataclass

from models.attention.backbones.architectures import Architecture, architecture
from models.attention.backbones.letters import NormName, check_letters
from models.checks import check_choice

_HEAD = 32
_STEM_STRIDES = (1, 2, 4)


@dataclass(frozen=True, kw_only=True)
class BackboneOptions:
    """Everything that shapes a backbone.

    name: see `ARCHITECTURES`. mixers: a letter of `LETTERS` for each stage; in a Next-ViT with LSA, for its attention
    blocks. norm: of the blocks. mixers and norm left out are the network's own. length: tokens of a run of local
    self-attention. classes: outputs; 0 for pooled features, None for a network without a head, whose outputs are its
    features. width: multiplies all channels. stem_stride: of the stem's convolutions together.

    head_dim: channels of a head; left out, 32, or as much less as the width is below 1, so that the number of heads
    stays. swap: every second block of local self-attention reads columns. position_bias: attention within runs and
    windows adds a learned bias. layer_scale: initial factor of a MetaFormer's branches; 0 for none. drop_path: rate of
    stochastic depth in the last block; it grows linearly from 0. checkpointing: training keeps the inputs of blocks
    alone and computes the rest again.

    Raises ValueError for what does not fit.
    """

    name: str
    mixers: str | None = None
    norm: NormName | None = None
    length: int = 49
    classes: int | None = 1000
    width: float = 1.0
    stem_stride: int = 4
    head_dim: int | None = None
    swap: bool = True
    position_bias: bool = True
    layer_scale: float = 1e-5
    drop_path: float = 0.0
    checkpointing: bool = False

    def __post_init__(self) -> None:
        own = architecture(self.name)
        own.scaled(self.width)
        if self.mixers is not None:
            self._check_mixers(own)
        if self.norm is not None:
            self._check_norm(own)
        for name, value, least in (
            ("length", self.length, 1),
            ("head_dim", self.head_dim, 1),
            ("classes", self.classes, 0),
        ):
            if value is not None and value < least:
                raise ValueError(f"{name} is {value}; allowed is an integer of at least {least}")
        if self.stem_stride not in _STEM_STRIDES:
            raise ValueError(f"stem_stride is {self.stem_stride}; allowed are 1, 2 and 4")
        if not 0 <= self.drop_path < 1:
            raise ValueError(f"drop_path is {self.drop_path}; allowed are numbers from 0 to below 1")
        if not 0 <= self.layer_scale < float("inf"):
            raise ValueError(f"layer_scale is {self.layer_scale}; allowed are finite numbers of at least 0")

    @property
    def architecture(self) -> Architecture:
        """The architecture of the name."""
        return architecture(self.name)

    @property
    def letters(self) -> str:
        """The mixers' letters, one a stage; empty for a network with mixers of its own."""
        return self.architecture.mixers if self.mixers is None else self.mixers

    @property
    def norms(self) -> NormName:
        """The norm of the blocks."""
        if self.norm is not None:
            return self.norm
        return "bn" if self.architecture.family == "next-vit" else "bn-ln"

    @property
    def head_channels(self) -> int:
        """Channels of a head, and of a group of Next-ViT's convolutions."""
        return self.head_dim or max(1, round(_HEAD * min(self.width, 1)))

    def _check_mixers(self, own: Architecture) -> None:
        if not own.mixers:
            raise ValueError(f"mixers is {self.mixers!r}, but {self.name} has mixers of its own; leave them out")
        check_letters(str(self.mixers), len(own.channels))

    def _check_norm(self, own: Architecture) -> None:
        check_choice("norm", self.norm, NormName)
        if own.family == "next-vit" and self.norm != "bn":
            raise ValueError(f"norm is {self.norm!r}, but {self.name} has batch norms alone: bn")
