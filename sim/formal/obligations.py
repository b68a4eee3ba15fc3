"""What is to be proved of a unit: the unit as a whole, and each of its parts."""

import re
from dataclasses import dataclass

from hw.mac.design import MacDesign
from hw.mac.verilog import mac_verilog

CLAIMS = {
    "auxiliary": "operands and restarts in order",
    "multiplier": "product mod 2^b",
    "accumulator": "sum mod 2^b",
    "cyclic": "cyclic by definition",
    "unit": "all outputs, every edge",
}
"""What is proved of each part, for every input sequence and from every state at power-up."""


@dataclass(frozen=True)
class Obligation:
    """One thing to prove; equal for units that share the part.

    part: a key of CLAIMS. source: Verilog of the module under test, named `unit` or `unit_PART`.
    parameters: of the check in PART.v, as Verilog constants. settle: cycles that carries between segments take.
    """

    part: str
    source: str
    parameters: tuple[tuple[str, str], ...]
    settle: int = 0

    @property
    def claim(self) -> str:
        """What is proved, in a few words."""
        return CLAIMS[self.part]


def obligations(design: MacDesign) -> list[Obligation]:
    """All that is to be proved of the Verilog of `design`, its parts first.

    A part whose interface is the architecture's own, as a product that lacks its sign's last addition, is proved with
    the unit alone.
    """
    source = mac_verilog(design).replace(design.module, "unit")
    activation = ("ACTIVATION_BITS", str(design.activation_bits))
    weight = ("WEIGHT_BITS", str(design.weight_bits))
    accumulator = ("ACCUMULATOR_BITS", str(design.accumulator_bits))
    product = ("PRODUCT_BITS", str(design.product_bits))
    slope = ("SLOPE", f"64'd{design.slope or 0}")
    built = design.architecture
    bare = ("BARE", str(int(built.bare)))
    found = []
    if not (built.early or built.signs or built.mirrored):
        found.append(Obligation("auxiliary", _module(source, "auxiliary"), (activation, weight)))
    if not built.signs:
        found.append(
            Obligation("multiplier", _module(source, "multiplier"), (activation, weight, accumulator, product))
        )
    if not (built.signs or built.mirrored or built.segment):
        found.append(Obligation("accumulator", _module(source, "accumulator"), (accumulator, product)))
    if design.slope is not None:
        found.append(Obligation("cyclic", _module(source, "cyclic"), (accumulator, slope, bare)))
    latency = ("LATENCY", str(built.sum_latency))
    segment = ("SEGMENT", str(built.segment or design.accumulator_bits))
    whole = (activation, weight, accumulator, slope, latency, bare, segment)
    return [*found, Obligation("unit", source, whole, design.settle)]


def _module(source: str, part: str) -> str:
    match = re.search(rf"^module unit_{part}\(.*?^endmodule\n", source, re.DOTALL | re.MULTILINE)
    if match is None:
        raise ValueError(f"the Verilog has no module for the part {part}")
    return match.group()
