"""One candidate layout of a unit: mapped in one way, placed, routed and timed."""

from dataclasses import dataclass
from pathlib import Path

from hw.mac.design import MacDesign
from hw.mac.generated import GeneratedUnit
from hw.mac.parts import PARTS
from reports.cells.technology import Technology
from reports.layout.circuit import Circuit, build_circuit
from reports.layout.mapping import MappingOptions, map_to_cells
from reports.layout.parasitics import spef
from reports.layout.place_route import Routed, place_and_route
from reports.layout.timing import Timing, analyse


@dataclass(frozen=True)
class Candidate:
    """One of several layouts of a design.

    cell_area: total area of the cells except fillers, um2. area_by_part: the same area by part of the unit, um2.
    """

    design: MacDesign
    mapping: MappingOptions
    folder: Path
    routed: Routed
    timing: Timing
    cell_area: float
    area_by_part: dict[str, float]

    @property
    def cost(self) -> float:
        """Cell area x cycle time, um2 ns: proportional to the area that a given throughput needs."""
        return self.cell_area * self.timing.cycle_time


def try_layout(unit: GeneratedUnit, mapping: MappingOptions, technology: Technology, out: Path, seed: int) -> Candidate:
    """Maps, places, routes and times a unit in a new subfolder of `out` named after the mapping.

    Raises LayoutError or TimingError if a tool fails.
    """
    design = unit.design
    folder = out / mapping.name
    folder.mkdir(parents=True)
    circuit = build_circuit(design.module, map_to_cells(unit, technology, mapping, folder), technology)
    routed = place_and_route(circuit, technology, folder / "qflow", seed)
    parasitics, netlist = folder / "parasitics.spef", folder / "circuit.v"
    parasitics.write_text(spef(design.module, routed.file("rc")), encoding="utf-8")
    netlist.write_text(circuit.verilog(), encoding="utf-8")
    timing = analyse(design.module, folder / "cells.lib", netlist, parasitics, folder, technology.slowness)
    areas = area_by_part(circuit, technology)
    return Candidate(design, mapping, folder, routed, timing, round(sum(areas.values()), 3), areas)


def area_by_part(circuit: Circuit, technology: Technology) -> dict[str, float]:
    """Returns the cell area of each part, um2."""
    areas = dict.fromkeys(PARTS, 0.0)
    for instance in circuit.instances:
        areas[instance.part] += technology.area(instance.kind)
    return {part: round(area, 3) for part, area in areas.items()}
