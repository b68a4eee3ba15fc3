"""Cycle time of a netlist before layout, without wires, computed by OpenSTA."""

import re
from pathlib import Path

from reports.cells.library import Library
from reports.cells.opensta import TimingError, has_opensta, run_opensta

_PERIOD = 1000.0  # ns: clock period of the analysis, longer than any path

_SCRIPT = """
read_liberty cells.lib
read_verilog cycle.v
link_design {top}
create_clock -name clk -period {period} [get_ports clk]
set inputs {{}}
foreach port [all_inputs] {{ if {{[get_property $port full_name] != "clk"}} {{ lappend inputs $port }} }}
set_input_delay 0 -clock clk $inputs
set_output_delay 0 -clock clk [all_outputs]
report_checks -path_delay max -digits 6
exit
"""


def can_time(library: Library) -> bool:
    """Whether cycle times can be found: OpenSTA is installed, and the library has delays."""
    return library.has_timing and has_opensta()


def cycle_time(top: str, library: Library, netlist: Path) -> float:
    """Returns the delay of the longest path of a Verilog netlist, including the setup time at its end, ns.

    Inputs arrive at the clock edge and outputs are captured at the next one, as if by ideal registers outside. The
    clock reaches all registers at once, and wires have neither resistance nor capacitance. Writes cells.lib, cycle.v,
    cycle.tcl and cycle.log beside the netlist. Raises TimingError if OpenSTA fails or finds no path.
    """
    period, folder = _PERIOD / library.time_unit, netlist.parent
    (folder / "cells.lib").write_text(library.usable_text, encoding="utf-8")
    # OpenSTA's Verilog reader does not accept `signed`.
    verilog = re.sub(r"\b(wire|input|output) signed\b", r"\1", netlist.read_text(encoding="utf-8"))
    (folder / "cycle.v").write_text(verilog, encoding="utf-8")
    what = f"cycle time of {top} in {library.name}"
    log = run_opensta(_SCRIPT.format(top=top, period=period), "cycle", folder, what)
    slack = re.search(r"(-?[\d.]+)\s+slack", log)
    if slack is None:
        raise TimingError(f"{what} failed: no path was found")
    return round((period - float(slack.group(1))) * library.time_unit, 4)
