"""Power of a circuit that is small enough to work it out by hand."""

import re
from pathlib import Path

import pytest

from reports.cells.technology import osu018
from reports.layout.activity import Activity
from reports.layout.circuit import Circuit, build_circuit
from reports.layout.flat_netlist import FlatNetlist, MappedCell
from reports.layout.parasitics import no_parasitics
from reports.layout.power import Power, measure_power

VOLTS = 1.8
PERIOD = 10.0


def capacitance(cell: str, pin: str) -> float:
    """Of an input pin, pF, as the library says."""
    body = re.search(rf"cell \({cell}\)\s*\{{(.*?)(?=cell \(|\Z)", osu018().library.text, re.DOTALL)
    assert body is not None
    found = re.search(rf"pin\s*\({pin}\)\s*\{{.*?capacitance\s*:\s*([\d.]+)", body.group(1), re.DOTALL)
    assert found is not None
    return float(found.group(1))


@pytest.fixture
def circuit(tmp_path: Path) -> Circuit:
    """A register that drives two inverters, one of which drives the other's twin."""
    cells = [
        MappedCell("DFFPOSX1", "accumulator", {"CLK": 2, "D": 3, "Q": 10}, "Q"),
        MappedCell("INVX1", "cyclic", {"A": 10, "Y": 11}, "Y"),
        MappedCell("INVX1", "cyclic", {"A": 10, "Y": 12}, "Y"),
        MappedCell("INVX4", "multiplier", {"A": 11, "Y": 13}, "Y"),
    ]
    netlist = FlatNetlist(cells, {"clk": 2, "d": 3}, {"y": 12, "z": 13}, {})
    built = build_circuit("unit", netlist, osu018())
    (tmp_path / "cells.lib").write_text(osu018().library.text)
    (tmp_path / "circuit.v").write_text(built.verilog())
    (tmp_path / "parasitics.spef").write_text(no_parasitics("unit"))
    return built


def power_at(circuit: Circuit, rate: float, folder: Path) -> Power:
    """With every net but the clock's changing `rate` times a cycle."""
    nets = {one.nets[one.output] for one in circuit.instances if "clock" not in one.nets[one.output]} | {"d"}
    return measure_power(circuit, Activity(dict.fromkeys(nets, rate), dict.fromkeys(nets, 0.5)), PERIOD, folder)


@pytest.mark.debian
@pytest.mark.parametrize("rate", [0.0, 0.25, 1.5])
def test_switching_is_half_c_v_squared_a_change(circuit: Circuit, rate: float, tmp_path: Path) -> None:
    register = 2 * capacitance("INVX1", "A")
    inverter = capacitance("INVX4", "A")
    clock = capacitance("DFFPOSX1", "CLK")
    power = power_at(circuit, rate, tmp_path)
    picojoule = 0.5 * VOLTS**2 * (rate * (register + inverter) + 2 * clock)
    assert power.switching == pytest.approx(picojoule / PERIOD, rel=0.03)  # pJ / ns are mW


@pytest.mark.debian
def test_a_register_takes_what_the_library_says_of_its_clock(circuit: Circuit, tmp_path: Path) -> None:
    """Its clock's rise and fall: 0.117 pJ at a slew of 0.06 ns, 0.137 at 0.24. OpenSTA's own figure is twice that."""
    power = power_at(circuit, 0.0, tmp_path)
    assert 0.1 <= power.by_part["accumulator"] * PERIOD <= 0.137


@pytest.mark.debian
def test_parts_add_up_and_the_clock_is_auxiliary(circuit: Circuit, tmp_path: Path) -> None:
    still, busy = (power_at(circuit, rate, tmp_path) for rate in (0.0, 1.0))
    for power in (still, busy):
        assert sum(power.by_part.values()) == pytest.approx(power.total)
        assert power.leakage > 0
    assert busy.by_part["auxiliary"] == pytest.approx(still.by_part["auxiliary"])
    assert still.by_part["auxiliary"] > 100 * still.by_part["cyclic"]
    assert busy.by_part["cyclic"] > 100 * still.by_part["cyclic"]
