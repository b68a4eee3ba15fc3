"""Proves that a layout is equivalent to the unit's Verilog."""

from pathlib import Path

from reports.layout.circuit import SUPPLIES, Circuit
from reports.layout.place_route import Routed
from reports.layout.placed import placed_netlist, placed_verilog
from reports.mac.synthesis import PROOF_LIMIT, prove_netlist

PLACED = "placed.v"


def prove_layout(routed: Routed, folder: Path, limit: float = PROOF_LIMIT) -> bool:
    """Whether the layout has the cells and nets of the mapped circuit, and is proved equivalent to unit.v.

    folder: contains unit.v and models.v, the models of the cells; placed.v, the netlist read back from the layout, is
    written there. limit: time limit of the proof, seconds.
    """
    (folder / PLACED).write_text(placed_verilog(routed.circuit, routed.file("def")), encoding="utf-8")
    same = is_placed_as_mapped(routed.circuit, routed.file("def"))
    return same and prove_netlist(routed.circuit.name, PLACED, folder, limit, bit_by_bit=True)


def is_placed_as_mapped(circuit: Circuit, definition: Path) -> bool:
    """Whether a routed layout, a DEF file, has the circuit's cells, each with the same net at every pin."""
    kinds, nets = placed_netlist(circuit, definition)
    if kinds != {one.name: one.kind for one in circuit.instances}:
        return False
    return all(_signals(one.nets) == _signals(nets[one.name]) for one in circuit.instances)


def _signals(nets: dict[str, str]) -> dict[str, str]:
    """Returns the nets at a cell's pins without the supplies, which reach it through its rails."""
    return {pin: net for pin, net in nets.items() if net not in SUPPLIES}
