"""The flat netlist of a mapped unit, in which each cell has its part, read from Yosys's JSON."""

import re
from dataclasses import dataclass
from typing import Any

from hw.mac.parts import PARTS


@dataclass(frozen=True)
class MappedCell:
    """A cell of a flat netlist. kind: library cell. part: of the unit. nets: nets by pin. output: the output pin."""

    kind: str
    part: str
    nets: dict[str, int | str]
    output: str


@dataclass(frozen=True)
class FlatNetlist:
    """The cells of a unit and its ports, one bit each: nets by name. A net is a number, or the constant `0` or `1`.

    names: nets by their names in the unit's Verilog, such as `sum[3]` or `multiplier.product[0]`.
    """

    cells: list[MappedCell]
    inputs: dict[str, int | str]
    outputs: dict[str, int | str]
    names: dict[str, int | str]


def read_flat(module: dict[str, Any]) -> FlatNetlist:
    """Reads a flat module from Yosys's JSON, in which ports are split into bits."""
    ports: dict[str, dict[str, int | str]] = {"input": {}, "output": {}}
    for name, port in module["ports"].items():
        ports[port["direction"]][name] = port["bits"][0]
    cells = []
    for name, cell in sorted(module["cells"].items()):
        part = re.search("|".join(PARTS), name)
        outputs = [pin for pin, direction in cell["port_directions"].items() if direction == "output"]
        nets = {pin: bits[0] for pin, bits in cell["connections"].items()}
        cells.append(MappedCell(cell["type"], part.group() if part else "auxiliary", nets, outputs[0]))
    names = {name: net["bits"][0] for name, net in sorted(module["netnames"].items()) if not net.get("hide_name")}
    return FlatNetlist(cells, ports["input"], ports["output"], names)
