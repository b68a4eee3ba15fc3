"""Maps a unit to cells part by part, so that the part of each cell is known in the layout."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from hw.mac.design import MacDesign
from hw.mac.generated import GeneratedUnit
from hw.yosys import run_yosys
from reports.cells.recipes import ABC_SCRIPTS, Recipe
from reports.cells.technology import Technology
from reports.layout.flat_netlist import FlatNetlist, read_flat
from reports.mac.synthesis import UNIT

FastAdder = Literal["brent-kung", "sklansky", "han-carlson", "kogge-stone"]
Adder = Literal[FastAdder, "ripple"]

_RIPPLE = Path(__file__).parent / "ripple.v"
_ADDER_OPTIONS: dict[Adder, str] = {
    "brent-kung": "",  # the default of Yosys
    "sklansky": "-extra-map +/choices/sklansky.v",
    "han-carlson": "-extra-map +/choices/han-carlson.v",
    "kogge-stone": "-extra-map +/choices/kogge-stone.v",
    "ripple": f"-extra-map {_RIPPLE.name}",
}
# Yosys's pass `booth` leaves narrower multipliers unchanged.
_BOOTH_OPERAND_BITS = 4
_BOOTH_PRODUCT_BITS = 8

_MAP = """
read_liberty -lib -ignore_miss_func -ignore_miss_data_latch -setattr liberty_cell cells.lib
read_verilog unit.v
synth -top {top} -noabc {options}
dfflibmap -liberty cells.lib
abc -liberty cells.lib -constr constraints -D {delay} -script {script}
opt_clean -purge
setundef -zero
check -assert -mapped
write_verilog -noattr netlist.v
flatten
opt_clean -purge
splitnets -ports
opt_clean -purge
write_json cells.json
design -reset
read_liberty -ignore_miss_func -ignore_miss_data_latch cells.lib
write_verilog -noattr models.v
"""


@dataclass(frozen=True)
class MappingOptions:
    """Settings with which a unit is mapped.

    delay: target delay of the logic between registers, ps in osu018; scaled up for slower technologies. adder:
    architecture of the adders. booth: whether multipliers use Booth recoding. recipe: the ABC script.
    Raises ValueError for a delay below 1 ps, or an unknown adder or recipe.
    """

    delay: int = 1
    adder: Adder = "brent-kung"
    booth: bool = False
    recipe: Recipe = "delay"

    def __post_init__(self) -> None:
        if self.delay < 1:
            raise ValueError(f"delay is {self.delay}; allowed are integers of at least 1 ps")
        for field, value, allowed in (("adder", self.adder, Adder), ("recipe", self.recipe, Recipe)):
            if value not in get_args(allowed):
                raise ValueError(f"{field} is {value!r}; allowed are {', '.join(get_args(allowed))}")

    @property
    def name(self) -> str:
        """A short unique name, also of folders: `sklansky-1ps`, `ripple-booth-area-1600ps`."""
        booth = "-booth" if self.booth else ""
        recipe = f"-{self.recipe}" if self.recipe != "delay" else ""
        return f"{self.adder}{booth}{recipe}-{self.delay}ps"


def can_recode(design: MacDesign) -> bool:
    """Whether `booth` changes the unit's multiplier: its operands and product are wide enough."""
    operand_bits = min(design.activation_bits + 1, design.weight_bits)  # the activation is extended by a sign bit
    return operand_bits >= _BOOTH_OPERAND_BITS and design.product_bits >= _BOOTH_PRODUCT_BITS


def map_to_cells(unit: GeneratedUnit, technology: Technology, mapping: MappingOptions, folder: Path) -> FlatNetlist:
    """Maps a unit; writes unit.v, netlist.v (one module per part) and models.v to `folder`, which must exist.

    Raises YosysError if Yosys fails.
    """
    design = unit.design
    (folder / UNIT).write_text(unit.verilog, encoding="utf-8")
    (folder / "cells.lib").write_text(technology.library.usable_text, encoding="utf-8")
    (folder / "constraints").write_text(technology.library.constraints, encoding="utf-8")
    shutil.copy(_RIPPLE, folder)
    script = _MAP.format(
        top=design.module,
        options=f"{_ADDER_OPTIONS[mapping.adder]} {'-booth' if mapping.booth else ''}",
        delay=round(mapping.delay * technology.slowness),
        script=ABC_SCRIPTS[mapping.recipe],
    )
    run_yosys(script, folder)
    return read_flat(json.loads((folder / "cells.json").read_text(encoding="utf-8"))["modules"][design.module])
