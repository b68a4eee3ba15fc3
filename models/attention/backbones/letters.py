"""Token mixers by letter. Needs no torch."""

from types import MappingProxyType
from typing import Literal, get_args

NormName = Literal["ln", "bn", "bn-ln"]
NORMS: tuple[str, ...] = get_args(NormName)
"""Norms of the blocks: layer norm, batch norm, or batch norm in convolution blocks and layer norm in attention."""

LETTERS = MappingProxyType(
    {
        "C": "depthwise convolution",
        "P": "pooling",
        "A": "global attention",
        "L": "local self-attention (LSA)",
        "W": "window attention",
        "G": "window and grid attention in turn",
        "X": "cross-shaped windows",
        "R": "spatial-reduction attention",
    }
)
"""What each letter stands for, in one stage of a network."""

CONVOLUTIONS = "CP"
"""Letters of mixers without attention."""


def check_letters(mixers: str, stages: int) -> None:
    """Raises ValueError unless `mixers` has a known letter for each stage."""
    if len(mixers) != stages or any(letter not in LETTERS for letter in mixers):
        allowed = ", ".join(f"{letter} {name}" for letter, name in LETTERS.items())
        raise ValueError(f"mixers is {mixers!r}; allowed are {stages} letters, one a stage: {allowed}")
