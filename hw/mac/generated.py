"""A unit with its Verilog, generated once and passed on."""

from dataclasses import dataclass
from typing import Self

from hw.mac.design import MacDesign
from hw.mac.verilog import mac_verilog


@dataclass(frozen=True)
class GeneratedUnit:
    """A design and its Verilog: whatever maps, simulates or proves a unit takes both."""

    design: MacDesign
    verilog: str

    @classmethod
    def generate(cls, design: MacDesign) -> Self:
        """Generates the Verilog of `design`. Raises what `mac_verilog` raises."""
        return cls(design, mac_verilog(design))
