"""Critical paths: what OpenSTA reports, by part and in words."""

import pytest

from reports.layout.circuit import Circuit, Instance
from reports.layout.critical_path import describe_path
from reports.layout.timing_path import Stage, TimingPath, read_path

BETWEEN_REGISTERS = """
    Delay      Time   Description
-------------------------------------------------------------
   0.0000    0.0000   clock clk (rise edge)
   0.2000    0.2000   clock network delay (propagated)
   0.0000    0.2000 ^ DFFPOSX1_1/CLK (DFFPOSX1)
   0.2500    0.4500 v DFFPOSX1_1/Q (DFFPOSX1)
   0.1000    0.5500 ^ INVX1_1/Y (INVX1)
   0.3000    0.8500 v XOR2X1_1/Y (XOR2X1)
   0.0100    0.8600 v DFFPOSX1_2/D (DFFPOSX1)
             0.8600   data arrival time

  20.0000   20.0000   clock clk (rise edge)
   0.2300   20.2300   clock network delay (propagated)
   0.0000   20.2300   clock reconvergence pessimism
            20.2300 ^ DFFPOSX1_2/CLK (DFFPOSX1)
  -0.1900   20.0400   library setup time
            20.0400   data required time
-------------------------------------------------------------
            20.0400   data required time
            -0.8600   data arrival time
-------------------------------------------------------------
            19.1800   slack (MET)
"""

TO_AN_OUTPUT = """
   0.0000    0.0000   clock clk (rise edge)
   0.2000    0.2000   clock network delay (propagated)
   0.0000    0.2000 ^ DFFPOSX1_2/CLK (DFFPOSX1)
   0.2800    0.4800 v DFFPOSX1_2/Q (DFFPOSX1)
   0.0010    0.4810 v sum_1 (out)
             0.4810   data arrival time

  20.0000   20.0000   clock clk (rise edge)
   0.0000   20.0000   clock network delay (propagated)
   0.0000   20.0000   clock reconvergence pessimism
  -0.0200   19.9800   output external delay
            19.9800   data required time
            -0.4810   data arrival time
            19.4990   slack (MET)
"""

FROM_AN_INPUT = """
   0.0000    0.0000   clock clk (rise edge)
   0.0000    0.0000   clock network delay (propagated)
   0.4200    0.4200 ^ input external delay
   0.0000    0.4200 ^ rst (in)
   0.0500    0.4700 v INVX1_1/Y (INVX1)
   0.0000    0.4700 v DFFPOSX1_1/D (DFFPOSX1)
             0.4700   data arrival time

  20.0000   20.0000   clock clk (rise edge)
   0.2000   20.2000   clock network delay (propagated)
            20.2000 ^ DFFPOSX1_1/CLK (DFFPOSX1)
  -0.2000   20.0000   library setup time
            19.5300   slack (MET)
"""


def cell(name: str, part: str, output: str, **nets: str) -> Instance:
    return Instance(name, name.rpartition("_")[0], part, nets, output)


@pytest.fixture
def circuit() -> Circuit:
    instances = [
        cell("DFFPOSX1_1", "auxiliary", "Q", D="early", CLK="clock", Q="auxiliary_7"),
        cell("INVX1_1", "multiplier", "Y", A="auxiliary_7", Y="multiplier_8"),
        cell("XOR2X1_1", "accumulator", "Y", A="multiplier_8", B="sum_1", Y="accumulator_9"),
        cell("DFFPOSX1_2", "accumulator", "Q", D="accumulator_9", CLK="clock", Q="sum_1"),
        cell("INVX1_2", "cyclic", "Y", A="multiplier_8", Y="out"),
    ]
    original = {"accumulator.restart": "auxiliary_7", "_12_": "auxiliary_7", "sum[1]": "sum_1", "rst": "rst"}
    return Circuit("unit", ["clk", "rst"], ["out", "sum_1"], instances, original)


@pytest.mark.parametrize(
    ("report", "slack"), [(BETWEEN_REGISTERS, 19.18), (TO_AN_OUTPUT, 19.499), (FROM_AN_INPUT, 19.53)]
)
def test_the_pieces_of_a_path_add_up_to_what_the_slack_leaves_of_the_cycle(report: str, slack: float) -> None:
    assert read_path(report).length == pytest.approx(20 - slack, abs=1e-9)


def test_a_path_between_registers_has_its_wires_in_the_cells_before_them() -> None:
    stages = (Stage("INVX1_1", 0.1), Stage("XOR2X1_1", 0.31))
    assert read_path(BETWEEN_REGISTERS) == TimingPath("DFFPOSX1_1", 0.25, stages, "DFFPOSX1_2", 0.19, 0.03)


def test_a_report_without_a_path_is_refused() -> None:
    with pytest.raises(ValueError, match="no path was found"):
        read_path("No paths found.")


def test_parts_and_names_of_the_verilog_are_found(circuit: Circuit) -> None:
    found = describe_path(read_path(BETWEEN_REGISTERS), circuit)
    assert (found["from"], found["to"], found["cells"]) == ("auxiliary", "accumulator", 4)
    assert (found["starts_at"], found["ends_at"]) == ("auxiliary.restart", "accumulator.sum[1]")
    assert found["ns_by_part"] == {"multiplier": 0.1, "accumulator": 0.31}
    assert [stage["pins"] for stage in found["stages"]] == [2, 1]
    assert found["words"] == (
        "0.82 ns: from the auxiliary part's restart register (0.25 ns from the clock's edge to its output), through "
        "one cell of the multiplier (0.10 ns) and one cell of the accumulator (0.31 ns), to bit 1 of the accumulator's "
        "sum register (0.19 ns setup; the clock arrives 0.030 ns later there). Slowest: XOR2X1 0.31 ns (drives one "
        "pin) and INVX1 0.10 ns (drives 2 pins)."
    )


def test_ports_at_the_ends_are_named(circuit: Circuit) -> None:
    to_output, from_input = (describe_path(read_path(report), circuit) for report in (TO_AN_OUTPUT, FROM_AN_INPUT))
    assert (to_output["to"], to_output["ends_at"], to_output["cells"]) == ("output", "sum[1]", 1)
    assert "to the output sum[1] (0.02 ns taken by a register outside" in to_output["words"]
    assert from_input["words"].startswith("0.47 ns: from the input rst (0.42 ns after the clock's edge), through")
    assert "through" not in to_output["words"]


def test_a_register_without_a_name_in_the_verilog_is_called_by_its_cell(circuit: Circuit) -> None:
    nameless = Circuit(circuit.name, circuit.inputs, circuit.outputs, circuit.instances, {"_12_": "auxiliary_7"})
    assert (
        "a register of the auxiliary part (DFFPOSX1_1)"
        in describe_path(read_path(BETWEEN_REGISTERS), nameless)["words"]
    )
