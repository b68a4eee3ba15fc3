"""Units on FPGAs: what they take of a device, and how fast they are, after place and route."""

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

# The second netlist's outputs end at their registers, as in a larger circuit: small packages lack the pins for them.
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
    """A unit, mapped to the cells of a device.

    luts: look-up tables of four inputs. registers. carries: carry cells; one is a bit on iCE40, two bits on ECP5.
    dsps: multiplier blocks. equivalent: whether the netlist is proved to do what the generated Verilog does.
    """

    luts: int
    registers: int
    carries: int
    dsps: int
    equivalent: bool


@dataclass(frozen=True)
class FpgaResult:
    """A unit on a device.

    logic_cells: places for a LUT or a bit of a carry chain that it takes. fmax_mhz: highest clock frequency between
    registers after place and route, the median over seeds; fmax_by_seed: all, from seed 1 on.
    """

    name: str
    device: str
    mapped: Mapped
    logic_cells: int
    fmax_mhz: float
    fmax_by_seed: tuple[float, ...]

    def record(self) -> dict[str, Any]:
        """The result as a flat dictionary."""
        flat = asdict(self)
        return {"name": flat.pop("name"), "device": flat.pop("device"), **flat.pop("mapped"), **flat}


def nextpnr_version(device: Device) -> str:
    """The version of the package that places and routes; its first run, which takes longest, is then over."""
    with TemporaryDirectory() as scratch:
        run_nextpnr(device, ["--version"], Path(scratch))
    return version(device.package)


def map_to_device(
    unit: GeneratedUnit, device: Device, folder: Path, *, dsp: bool = False, proof_limit: float = PROOF_LIMIT
) -> Mapped:
    """Maps a unit to the cells of `device`; leaves unit.v, netlist.v and netlist.json in `folder`.

    dsp: whether multiplier blocks may be used, where the device has them. proof_limit: seconds that the proof may
    take; beyond that the netlist counts as not proved.
    """
    options = (*device.synthesis, *(device.with_dsp if dsp else device.without_dsp))
    folder.mkdir(parents=True, exist_ok=True)
    design = unit.design
    (folder / UNIT).write_text(unit.verilog)
    (folder / _ECP5_MULTIPLIER.name).write_text(_ECP5_MULTIPLIER.read_text())
    run_yosys(_MAP.format(family=device.family, top=design.module, options=" ".join(options)), folder)
    counts = count_cells(json.loads((folder / "cells.json").read_text()))
    return Mapped(**counts, equivalent=prove_mapped(design, device, NETLIST, folder, proof_limit))


def prove_mapped(design: MacDesign, device: Device, netlist: str, folder: Path, limit: float = PROOF_LIMIT) -> bool:
    """Whether a netlist in the folder that `map_to_device` filled does what unit.v does, proved in `limit` seconds."""
    return prove_netlist(design.module, netlist, folder, limit, models=_MODELS[device.family], configured=True)


def place_mapped(device: Device, folder: Path, seed: int) -> PlacedAndRouted:
    """Places and routes what `map_to_device` left in `folder`."""
    return place_and_route(device, _NO_OUTPUTS, seed, folder)


def summarise(name: str, device: str, mapped: Mapped, runs: Sequence[PlacedAndRouted]) -> FpgaResult:
    """The result of a unit from its runs with the seeds 1, 2 and so on."""
    frequencies = tuple(round(run.fmax, 2) for run in runs)
    cells = round(statistics.median(run.logic_cells for run in runs))
    return FpgaResult(name, device, mapped, cells, round(statistics.median(frequencies), 2), frequencies)


def count_cells(found: dict[str, Any]) -> dict[str, int]:
    """LUTs, registers, carry cells and multiplier blocks in Yosys's statistics."""
    cells = found["design"]["num_cells_by_type"]
    return {
        kind: sum(count for cell, count in cells.items() if cell.startswith(beginnings))
        for kind, beginnings in _KINDS.items()
    }
