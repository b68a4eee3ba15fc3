"""Proves that a layout does what the unit's Verilog says."""

from pathlib import Path

from reports.layout.circuit import SUPPLIES, Circuit
from reports.layout.place_route import Routed
from reports.layout.placed import placed_netlist, placed_verilog
from reports.mac.synthesis import PROOF_LIMIT, prove_netlist

PLACED = "placed.v"


def prove_layout(routed: Routed, folder: Path, limit: float = PROOF_LIMIT) -> bool:
    """Whether the cells and nets of the layout are those of the mapped circuit, and proved to do what unit.v does.

    limit: seconds that the proof may take. folder: where unit.v and models.v, the cells, lie; placed.v, which is read
    back from the layout, is left there.
    """
    (folder / PLACED).write_text(placed_verilog(routed.circuit, routed.file("def")))
    same = is_placed_as_mapped(routed.circuit, routed.file("def"))
    return same and prove_netlist(routed.circuit.name, PLACED, folder, limit, bit_by_bit=True)


def is_placed_as_mapped(circuit: Circuit, definition: Path) -> bool:
    """Whether a routed layout (a DEF file) has the circuit's cells, each with the same net at every pin."""
    kinds, nets = placed_netlist(circuit, definition)
    if kinds != {one.name: one.kind for one in circuit.instances}:
        return False
    return all(_signals(one.nets) == _signals(nets[one.name]) for one in circuit.instances)


def _signals(nets: dict[str, str]) -> dict[str, str]:
    """The nets at a cell's pins but for the supplies, which reach it through its rails."""
    return {pin: net for pin, net in nets.items() if net not in SUPPLIES}
