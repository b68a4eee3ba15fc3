"""Maps units to FPGAs, proves the netlists, and measures resources and clock frequency after place and route."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hw.mac.design import MacDesign
from hw.mac.generated import GeneratedUnit
from hw.yosys import run_yosys
from reports.fpga.nextpnr import Device, PlacedAndRouted, place_and_route, run_nextpnr
from reports.mac.synthesis import NETLIST, PROOF_LIMIT, UNIT, prove_netlist

_ECP5_MULTIPLIER = Path(__file__).with_name("ecp5_multiplier.v")
_NO_OUTPUTS = "core.json"

# core.json has no output ports, as inside a larger circuit: small packages have too few pins for them.
_MAP = """
read_verilog unit.v
synth_{family} -top {top} {options}
check -assert
tee -q -o cells.json stat -json
write_verilog -noattr netlist.v
write_json netlist.json
delete -output o:*
write_json core.json
"""

_MODELS = {
    "ice40": "read_verilog -defer +/ice40/cells_sim.v",
    "ecp5": f"read_verilog {_ECP5_MULTIPLIER.name}\nread_verilog -defer -nooverwrite +/ecp5/cells_sim.v",
}

_KINDS = {
    "luts": ("SB_LUT4", "LUT4"),
    "registers": ("SB_DFF", "TRELLIS_FF"),
    "carries": ("SB_CARRY", "CCU2C"),
    "dsps": ("SB_MAC16", "MULT18X18D"),
}


@dataclass(frozen=True)
class Mapped:
    """A unit mapped to the cells of a device.

    luts: number of four-input look-up tables. registers: number of flip-flops. carries: number of carry cells, one bit
    each on iCE40, two bits on ECP5. dsps: number of multiplier blocks. equivalent: whether the netlist is proved
    equivalent to the generated Verilog.
    """

    luts: int
    registers: int
    carries: int
    dsps: int
    equivalent: bool


@dataclass(frozen=True)
class FpgaResult:
    """A unit placed and routed on a device.

    logic_cells: used sites for a LUT or a bit of a carry chain. fmax_mhz: median over seeds of the maximum clock
    frequency between registers after place and route, MHz. fmax_by_seed: that of each seed, from seed 1, MHz.
    """

    name: str
    device: str
    mapped: Mapped
    logic_cells: int
    fmax_mhz: float
    fmax_by_seed: tuple[float, ...]

    def record(self) -> dict[str, Any]:
        """Returns the result as a flat dictionary."""
        flat = asdict(self)
        return {"name": flat.pop("name"), "device": flat.pop("device"), **flat.pop("mapped"), **flat}


def nextpnr_version(device: Device) -> str:
    """Returns the version of the nextpnr package, after a first run, which takes longest since it compiles nextpnr."""
    with TemporaryDirectory() as scratch:
        run_nextpnr(device, ["--version"], Path(scratch))
    return version(device.package)


def map_to_device(
    unit: GeneratedUnit, device: Device, folder: Path, *, dsp: bool = False, proof_limit: float = PROOF_LIMIT
) -> Mapped:
    """Maps a unit to `device` and proves the netlist; writes unit.v, netlist.v and netlist.json to `folder`.

    dsp: lets Yosys use multiplier blocks if the device has any. proof_limit: seconds for the proof; a netlist whose
    proof takes longer counts as not proved. Raises YosysError if Yosys fails.
    """
    options = (*device.synthesis, *(device.with_dsp if dsp else device.without_dsp))
    folder.mkdir(parents=True, exist_ok=True)
    design = unit.design
    (folder / UNIT).write_text(unit.verilog, encoding="utf-8")
    (folder / _ECP5_MULTIPLIER.name).write_text(_ECP5_MULTIPLIER.read_text(encoding="utf-8"), encoding="utf-8")
    run_yosys(_MAP.format(family=device.family, top=design.module, options=" ".join(options)), folder)
    counts = count_cells(json.loads((folder / "cells.json").read_text(encoding="utf-8")))
    return Mapped(**counts, equivalent=prove_mapped(design, device, NETLIST, folder, proof_limit))


def prove_mapped(design: MacDesign, device: Device, netlist: str, folder: Path, limit: float = PROOF_LIMIT) -> bool:
    """Whether a netlist in a folder of `map_to_device` is proved equivalent to unit.v within `limit` seconds."""
    return prove_netlist(design.module, netlist, folder, limit, models=_MODELS[device.family], configured=True)


def place_mapped(device: Device, folder: Path, seed: int) -> PlacedAndRouted:
    """Places and routes the unit that `map_to_device` mapped in `folder`. Raises NextpnrError if nextpnr fails."""
    return place_and_route(device, _NO_OUTPUTS, seed, folder)


def summarise(name: str, device: str, mapped: Mapped, runs: Sequence[PlacedAndRouted]) -> FpgaResult:
    """Combines a unit's runs with the seeds 1, 2, ... into one result."""
    frequencies = tuple(round(run.fmax, 2) for run in runs)
    cells = round(statistics.median(run.logic_cells for run in runs))
    return FpgaResult(name, device, mapped, cells, round(statistics.median(frequencies), 2), frequencies)


def count_cells(found: dict[str, Any]) -> dict[str, int]:
    """Counts LUTs, registers, carry cells and multiplier blocks in Yosys's statistics."""
    cells = found["design"]["num_cells_by_type"]
    return {
        kind: sum(count for cell, count in cells.items() if cell.startswith(beginnings))
        for kind, beginnings in _KINDS.items()
    }
