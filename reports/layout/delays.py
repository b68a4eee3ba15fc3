"""Simulation of a placed circuit with its delays, which includes glitches."""

import re
from collections import defaultdict
from pathlib import Path

import torch
from torch import Tensor

from hw.mac.design import MacDesign
from hw.tools import run_tool
from reports.cells.opensta import TimingError, run_opensta
from reports.cells.technology import Technology
from reports.layout.activity import WARM_UP, Activity
from reports.layout.circuit import CLOCK, Circuit
from reports.layout.timing import INPUT_DELAY
from sim.mac.golden import Cycles, accumulate, expected_outputs

_WRITE_DELAYS = """
read_liberty cells.lib
read_verilog circuit.v
link_design {name}
create_clock -name clk -period {period} [get_ports clk]
read_spef parasitics.spef
set_propagated_clock clk
write_sdf -digits 4 -divider . delays.sdf
exit
"""

_BENCH = """
`timescale 1ns / 1ps
module bench;
  reg clk = 0;
  reg [{width}-1:0] stimulus [0:{cycles}-1];
  reg [{width}-1:0] pins;
  wire [{outputs}-1:0] shown;
  integer cycle, response;
  {name} unit ({connections});
  initial begin
    $sdf_annotate("delays.sdf", unit);
    $readmemb("stimulus.txt", stimulus);
    response = $fopen("response.txt");
    pins = stimulus[0];
    for (cycle = 0; cycle < {cycles}; cycle = cycle + 1) begin
      if (cycle == {warm_up}) begin
        $dumpfile("toggles.vcd");
        $dumpvars(1, unit);
      end
      #({half}) $fdisplay(response, "%b", shown);
      if (cycle == {cycles} - 1) $finish;
      clk = 1;
      #({input_delay}) pins = stimulus[cycle+1];
      #({half} - {input_delay}) clk = 0;
    end
  end
endmodule
"""


def simulate_with_delays(
    design: MacDesign, circuit: Circuit, technology: Technology, cycles: Cycles, period: float, folder: Path
) -> tuple[Activity, int]:
    """Plays `cycles`, of shape (cycles,), in Icarus Verilog with the delays that OpenSTA computes.

    period: clock period, ns. folder: contains cells.lib, circuit.v and parasitics.spef; delays.sdf, toggles.vcd and
    the simulation's other files are written there. The technology must have Verilog models of its cells. Returns the
    activity from cycle WARM_UP on, and the number of cycles in which an output differed from the golden model.
    Raises TimingError if a tool fails.
    """
    pins = [net for net in circuit.inputs if net != CLOCK]
    script = _WRITE_DELAYS.format(name=circuit.name, period=period)
    run_opensta(script, "delays", folder, f"delays of {circuit.name}")
    delays = folder / "delays.sdf"
    delays.write_text(_for_icarus(delays.read_text(encoding="utf-8")), encoding="utf-8")
    words = _words(design, circuit, cycles, pins)
    (folder / "stimulus.txt").write_text("\n".join(words), encoding="utf-8")
    connections = {CLOCK: CLOCK} | {net: f"pins[{place}]" for place, net in enumerate(pins)}
    connections |= {net: f"shown[{place}]" for place, net in enumerate(circuit.outputs)}
    bench = _BENCH.format(
        name=circuit.name,
        width=len(pins),
        outputs=len(circuit.outputs),
        cycles=len(cycles),
        warm_up=WARM_UP,
        half=period / 2,
        input_delay=INPUT_DELAY * technology.slowness,
        connections=", ".join(f".{port}({net})" for port, net in connections.items()),
    )
    (folder / "bench.v").write_text(bench, encoding="utf-8")
    sources = ["bench.v", "circuit.v", str(technology.models)]
    _run(["iverilog", "-g2005", "-gspecify", "-o", "bench.vvp", *sources], folder)
    _run(["vvp", "-n", "bench.vvp"], folder)
    activity = read_activity((folder / "toggles.vcd").read_text(encoding="utf-8"), len(cycles) - WARM_UP - 1)
    return activity, _wrong(design, circuit, cycles, (folder / "response.txt").read_text(encoding="utf-8").split())


def read_activity(waves: str, cycles: int) -> Activity:
    """Returns toggles per cycle and duties of the nets in a VCD file.

    waves: text of the file. cycles: number of cycles that toggles are divided by. Only changes between 0 and 1 count
    as toggles; changes to or from unknown values do not.
    """
    head, body = waves.split("$enddefinitions $end", 1)
    names = dict(re.findall(r"\$var \w+ +1 (\S+) (\w+) .*?\$end", head))
    toggles: dict[str, int] = defaultdict(int)
    high: dict[str, int] = defaultdict(int)
    value: dict[str, str] = {}
    since: dict[str, int] = {}
    now = start = None
    for line in body.split("\n"):
        kind = line[:1]
        if kind == "#":
            now = int(line[1:])
            start = now if start is None else start
        elif kind in ("0", "1", "x", "z"):
            symbol = line[1:]
            before = value.get(symbol)
            if before == kind:
                continue
            if before == "1":
                high[symbol] += (now or 0) - since[symbol]
            toggles[symbol] += before in ("0", "1") and kind in ("0", "1")
            value[symbol], since[symbol] = kind, now or 0
    span = (now or 0) - (start or 0)
    for symbol, last in value.items():
        if last == "1":
            high[symbol] += (now or 0) - since[symbol]
    return Activity(
        {name: toggles[symbol] / cycles for symbol, name in names.items()},
        {name: high[symbol] / span for symbol, name in names.items()},
    )


def _words(design: MacDesign, circuit: Circuit, cycles: Cycles, pins: list[str]) -> list[str]:
    """Returns the input pins of each cycle as a binary number, with the first pin as the lowest bit."""
    weight = (cycles.weight > 0).long() if design.weight_bits == 1 else cycles.weight
    values = {"rst": cycles.reset, "enable": cycles.enable, "first": cycles.first}
    values |= {"activation": cycles.activation, "weight": weight}
    bits = {
        net: (values[port] >> place) & 1 for port, nets in circuit.ports(pins).items() for place, net in enumerate(nets)
    }
    table = torch.stack([bits[net] for net in reversed(pins)], dim=1)  # (cycles, pins)
    return ["".join(map(str, row)) for row in table.tolist()]


def _wrong(design: MacDesign, circuit: Circuit, cycles: Cycles, response: list[str]) -> int:
    """Returns the number of cycles in which a defined output is wrong.

    response: the outputs of each cycle as a binary number, the last output first.
    """
    expected = expected_outputs(design, accumulate(design, cycles))
    places = {net: len(circuit.outputs) - 1 - place for place, net in enumerate(circuit.outputs)}
    wrong = torch.zeros(len(cycles), dtype=torch.bool)
    for port, nets in circuit.ports(circuit.outputs).items():
        values: Tensor = getattr(expected, port)
        known: Tensor = getattr(expected, f"{port}_known")
        for bit, net in enumerate(nets):
            shown = [row[places[net]] for row in response]
            right = torch.tensor(
                [one == str(bit_value) for one, bit_value in zip(shown, ((values >> bit) & 1).tolist(), strict=True)]
            )
            wrong |= known & ~right
    return int(wrong.count_nonzero())


def _for_icarus(delays: str) -> str:
    """Replaces min::max pairs by the maximum and drops wire delays: Icarus accepts neither.

    Wire delays are small compared with cell delays.
    """
    triples = re.sub(r"\(([-\d.]+)::([-\d.]+)\)", r"(\2:\2:\2)", delays)
    return re.sub(r".*INTERCONNECT.*\n", "", triples)


def _run(command: list[str], folder: Path) -> None:
    finished = run_tool(command, folder)
    log = finished.stdout + finished.stderr
    if finished.returncode:
        lines = [line for line in log.splitlines() if "rror" in line] or [f"exit code {finished.returncode}"]
        raise TimingError(f"{command[0]} failed: {lines[0]}")
