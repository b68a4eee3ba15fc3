"""Cycle times before layout equal sums of delays, in libraries with different units of time."""

import shutil
from pathlib import Path

import pytest

from reports.cells.cycle import can_time, cycle_time
from reports.cells.library import Library
from reports.cells.opensta import TimingError

CLOCK_TO_OUTPUT, INVERTER, SETUP = 0.3, 0.05, 0.12  # ns


def timed_library(unit: str) -> Library:
    """Returns a library of inverters and flip-flops with fixed delays, in the given unit of time."""
    scale = {"1ns": 1, "10ps": 100, "1ps": 1000}[unit]

    def arc(related: str, delay: float, kind: str, *names: str) -> str:
        tables = " ".join(f'{name} (scalar) {{ values ("{delay * scale:g}"); }}' for name in names)
        return f'timing () {{ related_pin : "{related}"; {kind} {tables} }}'

    rise_and_fall = ("cell_rise", "cell_fall")
    slopes = 'rise_transition (scalar) { values ("0"); } fall_transition (scalar) { values ("0"); }'
    output = arc("A", INVERTER, "timing_sense : negative_unate; " + slopes, *rise_and_fall)
    clocked = arc("C", CLOCK_TO_OUTPUT, "timing_type : rising_edge; " + slopes, *rise_and_fall)
    before = arc("C", SETUP, "timing_type : setup_rising;", "rise_constraint", "fall_constraint")
    edges = [f"threshold_pct_{edge}" for edge in ("rise", "fall")]
    halves = " ".join(f"{side}_{edge} : 50;" for side in ("input", "output") for edge in edges)
    slews = " ".join(f"slew_lower_{edge} : 20; slew_upper_{edge} : 80;" for edge in edges)
    text = f"""library (timed) {{
  {halves} {slews}
  time_unit : "{unit}"; capacitive_load_unit (1, pf); delay_model : table_lookup;
  cell (INV) {{ area : 1; pin (A) {{ direction : input; capacitance : 0.01; }}
    pin (Y) {{ direction : output; function : "!A"; {output} }} }}
  cell (DFF) {{ area : 4; ff (IQ, IQN) {{ clocked_on : "C"; next_state : "D"; }}
    pin (D) {{ direction : input; capacitance : 0.01; {before} }}
    pin (C) {{ direction : input; clock : true; capacitance : 0.01; }}
    pin (Q) {{ direction : output; function : "IQ"; {clocked} }} }}
}}
"""
    return Library("timed", text)


NETLIST = """module chain(clk, d, q);
  input clk; input d; output q;
  wire signed [3:0] n;
  DFF first (.C(clk), .D(d), .Q(n[0]));
  INV one (.A(n[0]), .Y(n[1]));
  INV two (.A(n[1]), .Y(n[2]));
  INV three (.A(n[2]), .Y(n[3]));
  DFF last (.C(clk), .D(n[3]), .Q(q));
endmodule
"""


@pytest.mark.debian
@pytest.mark.parametrize("unit", ["1ns", "10ps", "1ps"])
def test_a_cycle_is_the_sum_of_the_longest_path(unit: str, tmp_path: Path) -> None:
    (tmp_path / "netlist.v").write_text(NETLIST)
    library = timed_library(unit)
    assert can_time(library)
    assert cycle_time("chain", library, tmp_path / "netlist.v") == pytest.approx(
        CLOCK_TO_OUTPUT + 3 * INVERTER + SETUP, abs=1e-3
    )


@pytest.mark.debian
def test_logic_at_the_ports_counts(tmp_path: Path) -> None:
    (tmp_path / "netlist.v").write_text(
        NETLIST.replace("DFF last (.C(clk), .D(n[3]), .Q(q));", "INV last (.A(n[3]), .Y(q));")
    )
    library = timed_library("1ns")
    assert cycle_time("chain", library, tmp_path / "netlist.v") == pytest.approx(
        CLOCK_TO_OUTPUT + 4 * INVERTER, abs=1e-3
    )
    (tmp_path / "netlist.v").write_text(
        NETLIST.replace("DFF first (.C(clk), .D(d), .Q(n[0]));", "INV zero (.A(d), .Y(n[0]));")
    )
    assert cycle_time("chain", library, tmp_path / "netlist.v") == pytest.approx(4 * INVERTER + SETUP, abs=1e-3)


@pytest.mark.debian
def test_a_netlist_without_a_path_is_refused(tmp_path: Path) -> None:
    without_registers = "\n".join(line for line in NETLIST.splitlines() if "DFF" not in line)
    (tmp_path / "netlist.v").write_text(without_registers)
    with pytest.raises(TimingError, match="cycle time of chain in timed failed: no path was found"):
        cycle_time("chain", timed_library("1ns"), tmp_path / "netlist.v")


def test_libraries_without_delays_or_machines_without_opensta_have_no_cycle_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not can_time(Library("bare", 'library (bare) { cell (INV) { pin (Y) { function : "!A"; } } }'))
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert not can_time(timed_library("1ns"))
