"""Proves that a layout does what the unit's Verilog says."""

from pathlib import Path

from hw.yosys import YosysError, YosysTimeout, run_yosys
from reports.silicon.place_route import Routed
from reports.silicon.placed import placed_verilog
from reports.synthesis import MODELS, PROOF_LIMIT, UNIT

PLACED = "placed.v"

# Registers and ports, bit by bit, pair up by their names.
_PROVE = """
read_verilog {unit}
hierarchy -top {top}
proc
flatten
splitnets -ports
opt_clean
rename -top gold
design -stash gold
read_verilog {models}
read_verilog {placed}
hierarchy -top {top}
proc
flatten
opt_clean
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


def prove_layout(routed: Routed, folder: Path, limit: float = PROOF_LIMIT) -> bool:
    """Whether the cells and nets of the layout are proved to do what unit.v does within `limit` seconds.

    folder: where unit.v and models.v, the cells, lie; placed.v, which is read back from the layout, is left there.
    """
    (folder / PLACED).write_text(placed_verilog(routed.circuit, routed.file("def")))
    script = _PROVE.format(top=routed.circuit.name, unit=UNIT, models=MODELS, placed=PLACED)
    try:
        run_yosys(script, folder, limit)
    except YosysTimeout:
        return False
    except YosysError as error:
        if "equiv_status" in str(error) or "unproven" in str(error):
            return False
        raise
    return True
