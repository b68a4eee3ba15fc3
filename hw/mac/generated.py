"""Units with their Verilog, generated once and passed on."""

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

from hw.mac.design import MacDesign
from hw.mac.verilog import mac_verilog


@dataclass(frozen=True)
class GeneratedUnit:
    """A design and its Verilog: whatever maps, simulates or lays out a unit takes both."""

    design: MacDesign
    verilog: str

    @classmethod
    def generate(cls, design: MacDesign) -> Self:
        """Generates the Verilog of `design`. Raises what `mac_verilog` raises."""
        return cls(design, mac_verilog(design))


def generate_all(designs: Iterable[MacDesign]) -> list[GeneratedUnit]:
    """Generates the Verilog of every design, on all cores."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(GeneratedUnit.generate, designs))
