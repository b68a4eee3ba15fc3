"""The forms in which a unit's circuit can be built, all of which compute the same."""

import re
from dataclasses import dataclass
from typing import Any, Literal, get_args

Fold = Literal["arms", "range", "magnitude", "ripple"]
"""How the cyclic activation detects and folds sums beyond its threshold; see hw.mac.cyclic."""

_SEGMENT = re.compile(r"segment(\d+)")


@dataclass(frozen=True)
class Architecture:
    """The form of a unit's circuit. Ports and results are the same in every form; latencies differ.

    signs: holds the product of a 1-bit weight as activation XOR sign and feeds the sign to the accumulator as its
        carry-in, so that nothing is negated.
    counting: accumulator bits above the product's magnitude count up or down by one, or hold, instead of adding.
    segment: width in bits of the accumulator's segments, between which a carry waits one cycle in a register; None for
        a carry that ripples through. The accumulator is then partly in carry-save form: its sum is complete after
        `MacDesign.settle` cycles without an operand.
    mirrored: holds the restart twice, once inverted, so that each register drives half of the accumulator.
    loading: loads the first product of a dot product behind the accumulator's adder, instead of adding it to zero.
    early: multiplies the operands before the first register, which holds the product. Saves one clock edge of latency.
    bare: leaves out the cyclic activation's register. Saves one clock edge of latency to `out`.
    split: puts the cyclic activation's register between comparison and fold.
    fold: form of the cyclic activation.

    Raises ValueError for a segment below 1 or an unknown fold.
    """

    signs: bool = False
    counting: bool = False
    segment: int | None = None
    mirrored: bool = False
    loading: bool = False
    early: bool = False
    bare: bool = False
    split: bool = False
    fold: Fold = "arms"

    def __post_init__(self) -> None:
        if self.segment is not None and (not isinstance(self.segment, int) or self.segment < 1):
            raise ValueError(f"segment is {self.segment!r}; allowed is an integer of at least 1, or none")
        if self.fold not in get_args(Fold):
            raise ValueError(f"fold is {self.fold!r}; allowed are {', '.join(get_args(Fold))}")

    @property
    def name(self) -> str:
        """The name in VARIANTS, else the features joined by hyphens (`signs-counting-segment4`); empty if plain."""
        for name, variant in VARIANTS.items():
            if variant == self:
                return name
        words = [word for word in _FEATURES if getattr(self, word)]
        words += [f"segment{self.segment}"] if self.segment else []
        words += [self.fold] if self.fold != "arms" else []
        return "-".join(words)

    @property
    def sum_latency(self) -> int:
        """Clock edges from sampling the operands, that edge included, to the sum that includes them."""
        return 2 if self.early else 3

    @property
    def out_latency(self) -> int:
        """Clock edges from sampling the operands, that edge included, to the cyclic activation of that sum."""
        return self.sum_latency + (not self.bare)

    @classmethod
    def parse(cls, name: str) -> "Architecture":
        """Returns the architecture called `name`. Raises ValueError for an unknown feature."""
        if name in VARIANTS:
            return VARIANTS[name]
        features: dict[str, Any] = {}
        for word in name.split("-"):
            segment = _SEGMENT.fullmatch(word)
            if word in _FEATURES:
                features[word] = True
            elif segment is not None:
                features["segment"] = int(segment.group(1))
            elif word in get_args(Fold):
                features["fold"] = word
            else:
                raise ValueError(
                    f"unknown variant {word!r}; known are {', '.join(VARIANTS)}, and joined by hyphens "
                    f"{', '.join(_FEATURES)}, segmentN, {', '.join(get_args(Fold))}"
                )
        return cls(**features)


_FEATURES = ("signs", "counting", "mirrored", "loading", "early", "bare", "split")

PLAIN = Architecture()
"""The dissertation's unit: operands, product, sum and activation are registered (Figure 2.4)."""

VARIANTS: dict[str, Architecture] = {
    "fast": Architecture(counting=True, segment=4, mirrored=True, early=True, split=True),
    "frugal": Architecture(mirrored=True, early=True, bare=True),
    "balanced": Architecture(counting=True, segment=4, mirrored=True, early=True, bare=True),
}
"""Named architectures, for units with a cyclic activation; chosen by 3x1x8k2 after layout.

fast: smallest area x cycle time with a register in the cyclic activation.
frugal: least energy; the sum needs no time to settle. balanced: near the least of both.
"""
