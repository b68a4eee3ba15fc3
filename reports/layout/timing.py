"""Cycle time of a placed and routed circuit, computed by OpenSTA."""

import re
from dataclasses import dataclass
from pathlib import Path

from reports.cells.opensta import TimingError, run_opensta
from reports.layout.timing_path import TimingPath, read_path

_PERIOD = 20.0  # ns: clock period of the analysis, longer than any path
# ns. Registers outside the unit are clocked as late as its own, 0.20 after the edge at the clock port. Their outputs
# change 0.22 later, and their inputs must be stable 0.22 before their edge.
INPUT_DELAY = 0.42
_OUTPUT_DELAY = 0.02
_INPUT_TRANSITION = 0.1  # ns

_SCRIPT = """
read_liberty {liberty}
read_verilog {netlist}
link_design {name}
create_clock -name clk -period {period} [get_ports clk]
read_spef {spef}
set_propagated_clock clk
set_output_delay {output_delay} -clock clk [all_outputs]
set inputs {{}}
foreach port [all_inputs] {{ if {{[get_property $port full_name] != "clk"}} {{ lappend inputs $port }} }}
set_input_delay {input_delay} -clock clk $inputs
set_input_transition {input_transition} $inputs
set clocks [all_registers -clock_pins]
puts "== setup"
report_checks -path_delay max -format full -digits 4
puts "== hold"
report_checks -path_delay min -from $clocks -to [all_registers -data_pins] -format full -digits 4
exit
"""


@dataclass(frozen=True)
class Timing:
    """Timing of a circuit.

    cycle_time: shortest clock period, ns. critical_path: the path that limits it. hold_slack: hold slack of the
    fastest path between registers, ns.
    """

    cycle_time: float
    critical_path: TimingPath
    hold_slack: float


def analyse(name: str, liberty: Path, netlist: Path, spef: Path, folder: Path, slowness: float = 1) -> Timing:
    """Analyses the timing of a flat Verilog netlist with its parasitics; writes timing.tcl and timing.log to `folder`.

    liberty, netlist, spef: files in `folder`.
    slowness: delay of the cells relative to osu018's; scales the delays of registers outside the unit.
    Raises TimingError if OpenSTA fails or finds no path.
    """
    script = _SCRIPT.format(
        liberty=liberty.relative_to(folder),
        netlist=netlist.relative_to(folder),
        name=name,
        period=_PERIOD * slowness,
        spef=spef.relative_to(folder),
        output_delay=_OUTPUT_DELAY * slowness,
        input_delay=INPUT_DELAY * slowness,
        input_transition=_INPUT_TRANSITION,
    )
    log = run_opensta(script, "timing", folder, f"timing of {name}")
    sections = re.split(r"^== (?:setup|hold)$", log, flags=re.MULTILINE)
    slacks = [re.search(r"(-?[\d.]+)\s+slack", section) for section in sections[1:]]
    if len(slacks) != 2 or None in slacks:
        raise TimingError(f"timing of {name} failed: no path was found")
    setup, hold = (float(found.group(1)) for found in slacks if found)
    return Timing(round(_PERIOD * slowness - setup, 4), read_path(sections[1]), hold)
