"""The circuit to place: a mapped unit with its clock tree, written as BLIF for placement and as Verilog."""

import math
import re
from collections import Counter
from dataclasses import dataclass

from reports.cells.technology import Buffer, Technology
from reports.layout.flat_netlist import FlatNetlist

CLOCK = "clk"

_FLIP_FLOPS_A_BUFFER = 8
_BIT = re.compile(r"(?P<name>\w+)(?:\[(?P<bit>\d+)\])?")
_CONSTANTS = {"0": "gnd", "1": "vdd", "x": "gnd"}
SUPPLIES = {"gnd", "vdd"}


@dataclass(frozen=True)
class Instance:
    """A cell to place. name: unique. kind: library cell. nets: net names by pin. output: the output pin."""

    name: str
    kind: str
    part: str
    nets: dict[str, str]
    output: str


@dataclass(frozen=True)
class Circuit:
    """Cells to place, and the nets of the ports, one per bit.

    original: maps names of nets in the unit's Verilog, ports included, to names of nets in this circuit.
    """

    name: str
    inputs: list[str]
    outputs: list[str]
    instances: list[Instance]
    original: dict[str, str]

    def blif(self) -> str:
        """Returns the circuit in the Berkeley Logic Interchange Format.

        BLIF does not name cells: the order of `instances` determines their names.
        """
        lines = [
            f".model {self.name}",
            f".inputs {' '.join(self.inputs)}",
            f".outputs {' '.join(self.outputs)}",
            *(
                f".gate {instance.kind} {' '.join(f'{pin}={net}' for pin, net in instance.nets.items())}"
                for instance in self.instances
            ),
            ".end",
        ]
        return "\n".join(lines) + "\n"

    def ports(self, nets: list[str]) -> dict[str, list[str]]:
        """Returns the unit's ports that consist of `nets`: each port's nets by its name, lowest bit first."""
        numbered: dict[str, dict[int, str]] = {}
        for called, net in self.original.items():
            match = _BIT.fullmatch(called)
            if net in nets and match is not None and identifier(called) == net:
                numbered.setdefault(match["name"], {})[int(match["bit"] or 0)] = net
        return {name: [bits[bit] for bit in sorted(bits)] for name, bits in numbered.items()}

    def verilog(self) -> str:
        """Returns the circuit as flat Verilog, one cell per line."""
        lines = [
            f"module {self.name}({', '.join(self.inputs + self.outputs)});",
            *(f"input {net};" for net in self.inputs),
            *(f"output {net};" for net in self.outputs),
            *(f"supply{value} {net};" for value, net in _CONSTANTS.items() if value != "x"),
            *(
                f"{instance.kind} {instance.name}({', '.join(f'.{pin}({net})' for pin, net in instance.nets.items())});"
                for instance in self.instances
            ),
            "endmodule",
        ]
        return "\n".join(lines) + "\n"


def build_circuit(name: str, netlist: FlatNetlist, technology: Technology) -> Circuit:
    """Names nets and cells, and adds a one-level clock tree in which each buffer drives at most eight flip-flops.

    The clock buffers belong to the auxiliary part. An output gets a buffer if its net is an input, a constant or
    already named after another output.
    """
    names: dict[int | str, str] = {net: identifier(port) for port, net in netlist.inputs.items()}
    names.update(_CONSTANTS)
    driven = {cell.nets[cell.output] for cell in netlist.cells}
    for port, net in netlist.outputs.items():
        if net in driven:
            names.setdefault(net, identifier(port))
    for cell in netlist.cells:
        names.setdefault(cell.nets[cell.output], f"{cell.part}_{cell.nets[cell.output]}")

    counts: Counter[str] = Counter()
    instances: list[Instance] = []

    def place(kind: str, part: str, nets: dict[str, str], output: str) -> None:
        counts[kind] += 1
        instances.append(Instance(f"{kind}_{counts[kind]}", kind, part, nets, output))

    def place_buffer(buffer: Buffer, net: str, driven: str) -> None:
        place(buffer.cell, "auxiliary", {buffer.input: net, buffer.output: driven}, buffer.output)

    flip_flops = [cell for cell in netlist.cells if technology.clock_pin in cell.nets]
    buffers = math.ceil(len(flip_flops) / _FLIP_FLOPS_A_BUFFER)
    for buffer in range(buffers):
        place_buffer(technology.clock_buffer, CLOCK, f"clock_{buffer}")
    flip_flops_so_far = 0
    for cell in netlist.cells:
        nets = {pin: names[net] for pin, net in cell.nets.items()}
        if technology.clock_pin in nets:
            nets[technology.clock_pin] = f"clock_{flip_flops_so_far * buffers // len(flip_flops)}"
            flip_flops_so_far += 1
        place(cell.kind, cell.part, nets, cell.output)
    for port, net in netlist.outputs.items():
        if names[net] != identifier(port):
            place_buffer(technology.buffer, names[net], identifier(port))
    ports = {port: identifier(port) for port in (*netlist.inputs, *netlist.outputs)}
    original = {called: names[net] for called, net in netlist.names.items() if net in names} | ports
    inputs, outputs = (sorted(map(identifier, side)) for side in (netlist.inputs, netlist.outputs))
    return Circuit(name, inputs, outputs, instances, original)


def identifier(name: str) -> str:
    """Returns a name that every tool accepts: `sum[3]` becomes `sum_3`."""
    return re.sub(r"\W+", "_", name).strip("_")
