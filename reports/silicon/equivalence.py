"""Proves that a layout does what the unit's Verilog says."""

from pathlib import Path

from reports.silicon.place_route import Routed
from reports.silicon.placed import placed_verilog
from reports.synthesis import PROOF_LIMIT, prove_netlist

PLACED = "placed.v"


def prove_layout(routed: Routed, folder: Path, limit: float = PROOF_LIMIT) -> bool:
    """Whether the cells and nets of the layout are proved to do what unit.v does within `limit` seconds.

    folder: where unit.v and models.v, the cells, lie; placed.v, which is read back from the layout, is left there.
    """
    (folder / PLACED).write_text(placed_verilog(routed.circuit, routed.file("def")))
    return prove_netlist(routed.circuit.name, PLACED, folder, limit, bit_by_bit=True)
