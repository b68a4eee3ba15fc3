"""The netlist of a layout, read back from its DEF file, with the names of the unit's Verilog."""

import re
from pathlib import Path

from reports.layout.circuit import Circuit, identifier

_FILLER = "FILL"


def placed_netlist(circuit: Circuit, definition: Path) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Returns the kinds of the cells in a routed layout, and the nets of their pins, both by instance, without fillers.

    definition: DEF file of the layout. Raises ValueError if it contains no routed nets, or if a port is connected to
    a net other than its own.
    """
    text = definition.read_text(encoding="utf-8")
    kinds = dict(re.findall(r"^- (\S+) (\w+) \+ PLACED", text, re.MULTILINE))
    nets: dict[str, dict[str, str]] = {name: {} for name, kind in kinds.items() if kind != _FILLER}
    body = re.search(r"^NETS \d+ ;$(.*?)^END NETS$", text, re.MULTILINE | re.DOTALL)
    if body is None:
        raise ValueError(f"{definition} holds no routed nets")
    for net, pins in re.findall(r"^- (\S+)\s*\n((?:\s*\( \S+ \S+ \)\s*)+)", body.group(1), re.MULTILINE):
        for owner, pin in re.findall(r"\( (\S+) (\S+) \)", pins):
            if owner != "PIN":
                nets[owner][pin] = net
            elif pin != net:
                raise ValueError(f"{definition}: the port {pin} of {circuit.name} is on the net {net}")
    return {name: kinds[name] for name in nets}, nets


def placed_verilog(circuit: Circuit, definition: Path) -> str:
    """Returns a routed layout as Verilog; its registers and ports, one bit each, are named as in the unit's Verilog."""
    kinds, nets = placed_netlist(circuit, definition)
    inputs, outputs = set(circuit.inputs), set(circuit.outputs)
    ports = {name: net for name, net in circuit.original.items() if _is_port(name, net, inputs | outputs)}
    lines = [f"module {circuit.name}({', '.join(map(_escaped, ports))});"]
    lines += [f"  {'input' if net in inputs else 'output'} {_escaped(port)};" for port, net in ports.items()]
    lines += [f"  wire {_wire(net)};" for net in sorted({net for pins in nets.values() for net in pins.values()})]
    for name, net in circuit.original.items():
        if name not in ports:
            lines.append(f"  wire {_escaped(name)};")
        sides = (_wire(net), _escaped(name)) if name in ports and net in inputs else (_escaped(name), _wire(net))
        lines.append(f"  assign {sides[0]}= {sides[1]};")
    lines += [f"  assign {_wire('vdd')}= 1'b1;", f"  assign {_wire('gnd')}= 1'b0;"]
    for name, kind in kinds.items():
        pins = ", ".join(f".{pin}({_wire(net)})" for pin, net in sorted(nets[name].items()))
        lines.append(f"  {kind} {name} ({pins});")
    return "\n".join([*lines, "endmodule\n"])


def _is_port(name: str, net: str, ports: set[str]) -> bool:
    return net in ports and identifier(name) == net


def _wire(net: str) -> str:
    return _escaped(f"{net}$net")


def _escaped(name: str) -> str:
    """Returns an escaped Verilog identifier, which may contain any characters and ends with a space."""
    return f"\\{name} "
