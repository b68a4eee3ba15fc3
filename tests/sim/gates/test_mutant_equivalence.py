"""Mutants that make no difference are proved equivalent and others are not, by exhaustive trial and by Yosys."""

from pathlib import Path

import pytest

from hw.mac.design import MacDesign
from reports.mac.synthesis import NETLIST, prove_equivalent
from sim.gates.bit_sliced import BitSliced
from sim.gates.expressions import parse_expression
from sim.gates.logic import Gates
from sim.gates.mutant_equivalence import proved_equivalent
from sim.gates.mutants import Mutant, all_mutants
from sim.gates.verilog import gates_verilog
from tests.support.netlists import CELLS, gates_by_hand, mapped_gates

# Registers that hold a and its complement: they differ in every cycle but the first.
OPPOSITES = [
    ("INV_X1", {"A": 2, "ZN": 3}),
    ("DFF_X1", {"D": 2, "CK": 1, "Q": 4}),
    ("DFF_X1", {"D": 3, "CK": 1, "Q": 5}),
    ("NAND2_X1", {"A1": 4, "A2": 5, "ZN": 6}),
    ("DFF_X1", {"D": 6, "CK": 1, "Q": 7}),
]


def proved(gates: Gates, net: str, function: str, limit: int = 26) -> bool:
    (site,) = (place for place, found in enumerate(gates.assignments) if found.target == net)
    program = BitSliced(gates, [Mutant(site, parse_expression(function), "", "")])
    return proved_equivalent(program, 0, limit)


@pytest.mark.parametrize(
    ("function", "equivalent"),
    [
        ("!(A1 & A2)", True),
        ("!A1 | !A2", True),
        ("1", True),  # after the first cycle they are never both 1
        ("A1 | A2", True),
        ("A1 ^ A2", True),
        ("!(A1 | A2)", False),
        ("A1", False),
    ],
)
def test_only_values_that_registers_can_hold_count(function: str, equivalent: bool, tmp_path: Path) -> None:
    gates = gates_by_hand(OPPOSITES, {"a": 2}, {"y": 7}, tmp_path)
    assert proved(gates, "n6", function) is equivalent


def test_a_trial_beyond_the_limit_proves_nothing(tmp_path: Path) -> None:
    gates = gates_by_hand(OPPOSITES, {"a": 2}, {"y": 7}, tmp_path)
    assert not proved(gates, "n6", "!A1 | !A2", limit=0)


def test_a_mutant_that_changes_a_register_is_not_proved_even_if_no_output_shows_it(tmp_path: Path) -> None:
    """With either input of the NAND at 0 the output is the same, but only the net leaves the register's value alone."""
    gates = gates_by_hand(OPPOSITES, {"a": 2}, {"y": 7}, tmp_path)
    assert proved(gates, "n5", "0")
    assert not proved(gates, "d1", "0")
    assert not proved(gates, "n5", "1")


def test_a_net_that_reaches_no_output_makes_no_difference(tmp_path: Path) -> None:
    unread = [("INV_X1", {"A": 2, "ZN": 3}), ("BUF_X1", {"A": 3, "Z": 5}), ("INV_X1", {"A": 2, "ZN": 4})]
    gates = gates_by_hand(unread, {"a": 2}, {"y": 4}, tmp_path)
    assert proved(gates, "n3", "1")
    assert not proved(gates, "n4", "1")


def test_more_inputs_than_lanes_are_all_tried(tmp_path: Path) -> None:
    """Thirteen inputs, with a difference for one of their 8192 values."""
    ands = [("AND2_X1", {"A1": 20 + bit, "A2": 2 + bit, "ZN": 21 + bit}) for bit in range(13)]
    inputs = {f"a{bit}": 2 + bit for bit in range(13)}
    gates = gates_by_hand([("BUF_X1", {"A": "1", "Z": 20}), *ands], inputs, {"y": 33}, tmp_path)
    assert proved(gates, "n33", "A2 & A1")
    assert not proved(gates, "n33", "A1 & !A1")


def test_verilog_of_the_gates_is_proved_and_of_a_mutant_refuted(tmp_path: Path) -> None:
    design = MacDesign.parse("3x1x8k2")
    gates = mapped_gates(design.name, tmp_path)
    (tmp_path / NETLIST).write_text(gates_verilog(gates))
    assert prove_equivalent(design, tmp_path)
    for mutant in all_mutants(gates, CELLS)[::400]:
        (tmp_path / NETLIST).write_text(gates_verilog(gates, mutant))
        assert not prove_equivalent(design, tmp_path)
