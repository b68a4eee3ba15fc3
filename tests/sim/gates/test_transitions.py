"""Every step of the accumulator: all operands with all sums."""

import json
from pathlib import Path

import pytest

from hw.mac.design import MacDesign
from reports.mac.synthesis import FLAT_NETLIST
from sim.gates.bit_sliced import BitSliced
from sim.gates.netlist import read_gates
from sim.gates.transitions import feasible, try_transitions
from tests.support.netlists import CELLS, mapped_gates


@pytest.mark.parametrize(
    ("name", "bits"),
    [("3x1x8k2", 12), ("1x1x2", 4), ("4x4x6k3", 14), pytest.param("8x8x8k4", 24, marks=pytest.mark.slow)],
)
def test_every_step_is_right(name: str, bits: int, tmp_path: Path) -> None:
    found = try_transitions(BitSliced(mapped_gates(name, tmp_path)), MacDesign.parse(name))
    assert (found.tried, found.wrong) == (1 << bits, 0)


def test_a_gate_that_is_wrong_in_few_steps_is_noticed(tmp_path: Path) -> None:
    """An AND of three or four signals that always gives 0."""
    design = MacDesign.parse("3x1x8k2")
    mapped_gates(design.name, tmp_path)
    netlist = json.loads((tmp_path / FLAT_NETLIST).read_text())
    cells = netlist["modules"][design.module]["cells"].values()
    gate = next(cell for cell in cells if cell["type"] == "NOR4_X1")
    gate["connections"]["A1"] = ["1"]
    (tmp_path / FLAT_NETLIST).write_text(json.dumps(netlist))
    found = try_transitions(BitSliced(read_gates(tmp_path / FLAT_NETLIST, design.module, CELLS)), design)
    assert 0 < found.wrong < found.tried // 4


def test_too_many_steps_are_refused(tmp_path: Path) -> None:
    design = MacDesign.parse("3x1x32")
    assert not feasible(design)
    with pytest.raises(ValueError, match="3x1x32 has more than 24 bits of operands and sum"):
        try_transitions(BitSliced(mapped_gates(design.name, tmp_path)), design)
