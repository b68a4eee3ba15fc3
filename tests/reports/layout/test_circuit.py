"""The circuit that is placed: names, clock tree, ports."""

from collections import Counter

import pytest

from reports.cells.technology import osu018
from reports.layout.circuit import build_circuit
from reports.layout.flat_netlist import FlatNetlist, MappedCell, read_flat


def flip_flop(number: int) -> MappedCell:
    return MappedCell("DFFPOSX1", "accumulator", {"CLK": 2, "D": 3, "Q": 100 + number}, "Q")


@pytest.mark.debian
@pytest.mark.parametrize(("flip_flops", "buffers"), [(1, 1), (8, 1), (9, 2), (16, 2), (41, 6)])
def test_a_clock_buffer_drives_at_most_eight_flip_flops(flip_flops: int, buffers: int) -> None:
    cells = [flip_flop(number) for number in range(flip_flops)]
    netlist = FlatNetlist(cells, {"clk": 2, "d": 3}, {"q": 100}, {})
    circuit = build_circuit("unit", netlist, osu018())
    clocks = Counter(one.nets["CLK"] for one in circuit.instances if one.kind == "DFFPOSX1")
    assert len(clocks) == buffers
    assert max(clocks.values()) <= 8
    assert max(clocks.values()) - min(clocks.values()) <= 1
    drivers = {one.nets["Y"]: one.nets["A"] for one in circuit.instances if one.kind == "CLKBUF1"}
    assert drivers == dict.fromkeys(clocks, "clk")


@pytest.mark.debian
def test_outputs_that_share_a_net_or_are_constant_get_buffers() -> None:
    cells = [MappedCell("INVX1", "multiplier", {"A": 3, "Y": 4}, "Y")]
    netlist = FlatNetlist(cells, {"clk": 2, "d": 3}, {"sum[0]": 4, "sum[1]": 4, "out": "0", "same": 3}, {"x.y[0]": 4})
    circuit = build_circuit("unit", netlist, osu018())
    assert circuit.outputs == ["out", "same", "sum_0", "sum_1"]
    buffers = {one.nets["Y"]: one.nets["A"] for one in circuit.instances if one.kind == "BUFX2"}
    assert buffers == {"sum_1": "sum_0", "out": "gnd", "same": "d"}
    assert circuit.original["x.y[0]"] == "sum_0"
    assert circuit.blif().splitlines()[:4] == [
        ".model unit",
        ".inputs clk d",
        ".outputs out same sum_0 sum_1",
        ".gate INVX1 A=d Y=sum_0",
    ]


def test_the_part_of_a_cell_is_in_its_name() -> None:
    cell = {"type": "INVX1", "port_directions": {"A": "input", "Y": "output"}, "connections": {"A": [2], "Y": [3]}}
    module = {
        "ports": {"a": {"direction": "input", "bits": [2]}, "y": {"direction": "output", "bits": [3]}},
        "cells": {"$flatten\\multiplier.$abc$1": cell, "$abc$2": cell},
        "netnames": {"a": {"bits": [2], "hide_name": 0}, "$1": {"bits": [3], "hide_name": 1}},
    }
    netlist = read_flat(module)
    assert sorted(one.part for one in netlist.cells) == ["auxiliary", "multiplier"]
    assert netlist.names == {"a": 2}
