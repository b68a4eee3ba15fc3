"""Verilog of a component that is no multiply-accumulate unit."""

import re
import subprocess
from pathlib import Path

import pytest
from amaranth.hdl import Module, unsigned
from amaranth.lib.wiring import Component, In, Out

from hw.verilog import component_verilog

SIMULATION = """
module simulation;
  reg clk = 0, up = 1;
  wire [2:0] count;
  counter tested (.clk(clk), .up(up), .count(count));
  integer i;
  initial begin
    force tested.count = 6;
    #1 release tested.count;
    for (i = 0; i < 4; i = i + 1) begin
      #1 clk = 1;
      #1 clk = 0;
      $write("%0d ", count);
    end
  end
endmodule
"""


class Step(Component):
    """Adds a bit to three bits."""

    def __init__(self) -> None:
        super().__init__({"up": In(1), "value": In(unsigned(3)), "total": Out(unsigned(3))})

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.d.comb += self.total.eq(self.value + self.up)
        return m


class Counter(Component):
    """A register of three bits, and a submodule that computes its next value."""

    def __init__(self) -> None:
        super().__init__({"up": In(1), "count": Out(unsigned(3), init=5)})

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.submodules.step = step = Step()
        m.d.comb += [step.up.eq(self.up), step.value.eq(self.count)]
        m.d.sync += self.count.eq(step.total)
        return m


def test_modules_are_named_after_the_top_and_registers_power_up_unknown() -> None:
    text = component_verilog(Counter(), "counter", {})
    ports = {name: set(found.split(", ")) for name, found in re.findall(r"^module (\w+)\((.*)\);$", text, re.MULTILINE)}
    assert ports == {"counter": {"clk", "up", "count"}, "counter_step": {"up", "value", "total"}}
    assert "initial" not in text
    assert "rst" not in text


def test_lint_rules_are_waived_around_the_modules_with_their_reasons() -> None:
    text = component_verilog(Counter(), "counter", {"DECLFILENAME": "one file", "UNUSEDSIGNAL": "on purpose"})
    assert text.startswith(
        "/* verilator lint_off DECLFILENAME */ // one file\n/* verilator lint_off UNUSEDSIGNAL */ // on purpose\n\n"
    )
    assert text.endswith("endmodule\n\n/* verilator lint_on DECLFILENAME */\n/* verilator lint_on UNUSEDSIGNAL */\n")


@pytest.mark.debian
def test_a_simulator_runs_it(tmp_path: Path) -> None:
    source, simulation = tmp_path / "counter.v", tmp_path / "simulation.v"
    source.write_text(component_verilog(Counter(), "counter", {}))
    simulation.write_text(SIMULATION)
    program = tmp_path / "program"
    subprocess.run(["iverilog", "-s", "simulation", "-o", str(program), str(source), str(simulation)], check=True)
    finished = subprocess.run(["vvp", str(program)], capture_output=True, text=True, check=True)
    assert finished.stdout.split() == ["7", "0", "1", "2"]
