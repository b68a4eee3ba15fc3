"""Power of a placed and routed circuit, computed by OpenSTA from the activity of its nets."""

import re
from dataclasses import dataclass
from pathlib import Path

from hw.mac.parts import PARTS
from reports.cells.opensta import TimingError, run_opensta
from reports.layout.activity import Activity
from reports.layout.circuit import Circuit

_SCRIPT = """
read_liberty cells.lib
read_verilog circuit.v
link_design {name}
create_clock -name clk -period {period} [get_ports clk]
read_spef parasitics.spef
set_propagated_clock clk
set_input_delay 0 -clock clk [all_inputs]
report_power
{activities}
puts "== power"
report_power -digits 9 -instances [get_cells *]
exit
"""

# Liberty gives the energy of a rise and of a fall. OpenSTA 2.0 adds up both at every toggle: twice the actual cost.
_INTERNAL = 0.5


@dataclass(frozen=True)
class Power:
    """Power of a circuit, mW: internal to the cells, switching of nets, and leakage.

    by_part: the total by part of the unit; clock buffers and the nets they switch are auxiliary.
    """

    internal: float
    switching: float
    leakage: float
    by_part: dict[str, float]

    @property
    def total(self) -> float:
        """Total power, mW."""
        return self.internal + self.switching + self.leakage


def measure_power(circuit: Circuit, activity: Activity, period: float, folder: Path) -> Power:
    """Returns the power of a circuit at a clock period, ns.

    folder: contains circuit.v, parasitics.spef and cells.lib; power.tcl and power.log are written there.
    Raises TimingError if OpenSTA fails or leaves out cells.
    """
    lines = []
    for instance in circuit.instances:
        net = instance.nets[instance.output]
        if net in activity.toggles:
            pin = f"[get_pins {instance.name}/{instance.output}]"
            lines.append(_activity(pin, activity, net))
    inputs = [port for port in circuit.inputs if port in activity.toggles]
    lines += [_activity(f"[get_ports {port}]", activity, port, port=True) for port in inputs]
    script = _SCRIPT.format(name=circuit.name, period=period, activities="\n".join(lines))
    _, _, log = run_opensta(script, "power", folder, f"power of {circuit.name}").partition("== power")
    parts = {instance.name: instance.part for instance in circuit.instances}
    sums = {"internal": 0.0, "switching": 0.0, "leakage": 0.0}
    by_part = dict.fromkeys(PARTS, 0.0)
    seen = 0
    for internal, switching, leakage, name in _rows(log):
        if name in parts:
            seen += 1
            terms = {"internal": internal * _INTERNAL, "switching": switching, "leakage": leakage}
            for term, watt in terms.items():
                sums[term] += 1e3 * watt
                by_part[parts[name]] += 1e3 * watt
    if seen != len(parts):
        raise TimingError(f"power of {circuit.name}: OpenSTA reports {seen} of {len(parts)} cells")
    return Power(**sums, by_part=by_part)


def _activity(place: str, activity: Activity, net: str, *, port: bool = False) -> str:
    toggles, duty = activity.toggles[net], activity.duties[net]
    if port:
        return f"set_power_activity -input_ports {place} -activity {toggles:.6f} -duty {duty:.6f}"
    return f"sta::set_power_pin_activity {place} {toggles:.6f} {duty:.6f}"


def _rows(log: str) -> list[tuple[float, float, float, str]]:
    """Returns internal, switching and leakage power, W, and the name of each cell."""
    number = r"(-?\d\.\d+e[+-]\d+)"
    found = re.findall(rf"^\s*{number}\s+{number}\s+{number}\s+{number}\s+(\S+)$", log, re.MULTILINE)
    return [(*map(float, watts), name) for *watts, _, name in found]
