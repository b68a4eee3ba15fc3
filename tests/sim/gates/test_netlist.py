"""Netlists read as logic, and netlists that are refused."""

import re
from pathlib import Path

import pytest

from sim.gates.netlist import read_gates
from tests.support.netlists import CELLS, gates_by_hand

TOGGLER = [("INV_X1", {"A": 2, "ZN": 3}), ("DFF_X1", {"D": 3, "CK": 1, "Q": 2, "QN": 4})]


def test_assignments_come_after_what_they_need(tmp_path: Path) -> None:
    gates = gates_by_hand([*TOGGLER, ("AND2_X1", {"A1": 5, "A2": 4, "ZN": 6})], {"on": 5}, {"y": 6}, tmp_path)
    known = {*gates.sources, "zero", "one"}
    for found in gates.assignments:
        assert known.issuperset(found.pins.values())
        known.add(found.target)
    assert known.issuperset(gates.shown + gates.next_states)
    assert gates.registers == 1
    assert gates.label("n6") == "net6"
    assert gates.label("d0") == "next value of net2"


def test_clocks_may_pass_two_inverters(tmp_path: Path) -> None:
    inverters = [("INV_X1", {"A": 1, "ZN": 7}), ("INV_X1", {"A": 7, "ZN": 8})]
    register = ("DFF_X1", {"D": 2, "CK": 8, "Q": 3})
    assert gates_by_hand([*inverters, register], {"a": 2}, {"y": 3}, tmp_path).registers == 1


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([("AND2_X1", {"A1": 9, "A2": 2, "ZN": 3})], "a net that nothing drives: n9"),
        ([("AND2_X1", {"A1": 3, "A2": 2, "ZN": 3})], "a combinational loop through n3"),
        ([("INV_X1", {"A": 2, "ZN": 4}), ("BUF_X1", {"A": 5, "Z": 3}), ("BUF_X1", {"A": 3, "Z": 5})], "loop"),
        ([("$_AND_", {"A": 2, "B": 2, "Y": 3})], "$_AND_, which is neither a gate nor a flip-flop"),
        ([("AND2_X1", {"A1": 2, "ZN": 3})], "pin A2 of AND2_X1 u0 is not connected"),
        ([("DFFR_X1", {"D": 2, "CK": 1, "RN": 2, "Q": 3})], "has an asynchronous set or reset"),
        ([("DFF_X1", {"D": 2, "CK": 2, "Q": 3})], "a clock other than clk"),
        ([("INV_X1", {"A": 1, "ZN": 4}), ("DFF_X1", {"D": 2, "CK": 4, "Q": 3})], "not clocked by the rising edge"),
        ([("AND2_X1", {"A1": 1, "A2": 2, "ZN": 3})], "a clock other than clk"),
    ],
)
def test_netlists_that_cannot_be_simulated_are_refused(
    cells: list[tuple[str, dict[str, int | str]]], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        gates_by_hand(cells, {"a": 2}, {"y": 3}, tmp_path)


def test_a_reset_tied_off_is_accepted(tmp_path: Path) -> None:
    gates = gates_by_hand([("DFFR_X1", {"D": 2, "CK": 1, "RN": "1", "Q": 3})], {"a": 2}, {"y": 3}, tmp_path)
    assert gates.registers_of("y") == [(0, False)]


def test_ports_that_show_inverted_registers_are_recognized(tmp_path: Path) -> None:
    gates = gates_by_hand([("DFF_X1", {"D": 2, "CK": 1, "QN": 3})], {"a": 2}, {"y": 3}, tmp_path)
    assert gates.registers_of("y") == [(0, True)]
    gates = gates_by_hand([("INV_X1", {"A": 2, "ZN": 3})], {"a": 2}, {"y": 3}, tmp_path)
    with pytest.raises(ValueError, match="the port y of hand shows something other than registers"):
        gates.registers_of("y")


def test_a_missing_module_is_named(tmp_path: Path) -> None:
    gates_by_hand(TOGGLER, {}, {"y": 2}, tmp_path)
    with pytest.raises(ValueError, match=r"hand\.json has no module other"):
        read_gates(tmp_path / "hand.json", "other", CELLS)
