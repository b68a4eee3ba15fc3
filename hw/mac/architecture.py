"""How a unit can be built; what it computes is the same for all."""

import re
from dataclasses import dataclass
from typing import Any, Literal, get_args

Fold = Literal["arms", "range", "magnitude", "ripple"]
"""How the cyclic activation tells and folds the sums beyond its threshold; see hw.mac.cyclic."""

_SEGMENT = re.compile(r"segment(\d+)")


@dataclass(frozen=True)
class Architecture:
    """The form of a unit's circuit. All forms have the same ports and compute the same; latencies differ.

    signs: the product of a 1-bit weight is held as activation XOR sign, with the sign as the accumulator's carry-in,
        so that nothing is negated.
    counting: accumulator bits above the product's magnitude count up or down by one, or hold, instead of adding.
    segment: accumulator bits between which a carry waits a cycle in a register, or None for a carry that runs through.
        The accumulator is then partly in carry-save form: a sum shows once no operand has come for `settle` cycles.
    mirrored: the restart is held twice, once inverted, so that each register drives half of the accumulator.
    loading: a new dot product loads the accumulator behind its adder, instead of adding to zero.
    early: operands are multiplied before the first register, which takes the product. One edge less of latency.
    bare: the cyclic activation has no register. One edge less of latency to `out`.
    split: the register of the cyclic activation lies inside of it, between comparison and fold.
    fold: form of the cyclic activation.
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
        """The name in VARIANTS, or else the features, joined by hyphens: `signs-counting-segment4`; plain: empty."""
        for name, variant in VARIANTS.items():
            if variant == self:
                return name
        words = [word for word in _FEATURES if getattr(self, word)]
        words += [f"segment{self.segment}"] if self.segment else []
        words += [self.fold] if self.fold != "arms" else []
        return "-".join(words)

    @property
    def sum_latency(self) -> int:
        """Clock edges from the one that samples the operands, that one included, to the sum that counts them."""
        return 2 if self.early else 3

    @property
    def out_latency(self) -> int:
        """The same for the cyclic activation of that sum."""
        return self.sum_latency + (not self.bare)

    @classmethod
    def parse(cls, name: str) -> "Architecture":
        """The architecture of a name; ValueError for words that are none."""
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
"""The unit as the dissertation has it: operands, product, sum and activation registered (Figure 2.4)."""

VARIANTS: dict[str, Architecture] = {
    "fast": Architecture(counting=True, segment=4, mirrored=True, early=True, split=True),
    "frugal": Architecture(mirrored=True, early=True, bare=True),
    "balanced": Architecture(counting=True, segment=4, mirrored=True, early=True, bare=True),
}
"""Architectures with names of their own; for units with a cyclic activation. Measured on 3x1x8k2 after layout.

fast: the least area x cycle time of those that keep a register in the cyclic activation.
frugal: the least energy; the sum needs no time to settle. balanced: little of both.
"""
