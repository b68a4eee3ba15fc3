"""Proof obligations of a unit: one for each of its parts, and one for the unit as a whole."""

import re
from dataclasses import dataclass

from hw.mac.design import MacDesign
from hw.mac.parts import ACCUMULATOR, AUXILIARY, CYCLIC, MULTIPLIER
from hw.mac.verilog import mac_verilog

UNIT = "unit"
"""The unit as a whole, where a part is asked for."""

CLAIMS = {
    AUXILIARY: "operands and restarts in order",
    MULTIPLIER: "product mod 2^b",
    ACCUMULATOR: "sum mod 2^b",
    CYCLIC: "cyclic by definition",
    UNIT: "all outputs, every edge",
}
"""The claim proved of each part, for every input sequence and every state at power-up."""


@dataclass(frozen=True)
class Obligation:
    """One thing to prove; equal for units that share the part.

    part: a key of CLAIMS. source: Verilog of the module under test, named `unit` or `unit_PART`.
    parameters: of the check in PART.v, as Verilog constants. settle: cycles that the unit's sum takes to settle.
    """

    part: str
    source: str
    parameters: tuple[tuple[str, str], ...]
    settle: int = 0

    @property
    def claim(self) -> str:
        """The claim, in a few words."""
        return CLAIMS[self.part]


def obligations(design: MacDesign) -> list[Obligation]:
    """Returns the obligations of the Verilog of `design`: those of its parts, then that of the unit.

    Parts whose ports differ from their specification's, such as a product of signs, are proved only within the unit.
    """
    source = mac_verilog(design).replace(design.module, UNIT)
    activation = ("ACTIVATION_BITS", str(design.activation_bits))
    weight = ("WEIGHT_BITS", str(design.weight_bits))
    accumulator = ("ACCUMULATOR_BITS", str(design.accumulator_bits))
    product = ("PRODUCT_BITS", str(design.product_bits))
    slope = ("SLOPE", f"64'd{design.slope or 0}")
    built = design.architecture
    bare = ("BARE", str(int(built.bare)))
    parameters: dict[str, tuple[tuple[str, str], ...]] = {}
    if not (built.early or built.signs or built.mirrored):
        parameters[AUXILIARY] = (activation, weight)
    if not built.signs:
        parameters[MULTIPLIER] = (activation, weight, accumulator, product)
    if not (built.signs or built.mirrored or built.segment):
        parameters[ACCUMULATOR] = (accumulator, product)
    if design.slope is not None:
        parameters[CYCLIC] = (accumulator, slope, bare)
    parts = [Obligation(part, _module(source, part), constants) for part, constants in parameters.items()]
    latency = ("LATENCY", str(built.sum_latency))
    segment = ("SEGMENT", str(built.segment or design.accumulator_bits))
    whole = (activation, weight, accumulator, slope, latency, bare, segment)
    return [*parts, Obligation(UNIT, source, whole, design.settle)]


def _module(source: str, part: str) -> str:
    match = re.search(rf"^module {UNIT}_{part}\(.*?^endmodule\n", source, re.DOTALL | re.MULTILINE)
    if match is None:
        raise ValueError(f"the Verilog has no module for the part {part}")
    return match.group()
