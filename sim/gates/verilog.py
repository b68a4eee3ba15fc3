"""Writes a netlist, or a mutant of it, as Verilog without library cells."""

from sim.gates.logic import CLOCK, Gates
from sim.gates.mutants import Mutant


def gates_verilog(gates: Gates, mutant: Mutant | None = None) -> str:
    """Returns the netlist as assignments and registers; registers keep the names by which proofs pair them up."""
    inputs = {f"i{position}": bit for position, bit in enumerate(_port_bits(gates))}
    ports = [f"input {CLOCK}", *(f"input [{width - 1}:0] {port}" for port, width in gates.inputs.items())]
    ports += [f"output [{len(nets) - 1}:0] {port}" for port, nets in gates.outputs.items()]
    lines = [f"module {gates.name}({', '.join(ports)});", "wire zero = 1'b0, one = 1'b1;"]
    lines += [f"wire {source} = {bit};" for source, bit in inputs.items()]
    lines += [f"reg s{register};" for register in range(gates.registers)]
    for site, found in enumerate(gates.assignments):
        function = mutant.function if mutant is not None and mutant.site == site else None
        lines.append(f"wire {found.target} = {found.text(function)};")
    lines += [f"assign {port} = {{{', '.join(reversed(nets))}}};" for port, nets in gates.outputs.items()]
    lines += [f"always @(posedge {CLOCK}) s{register} <= d{register};" for register in range(gates.registers)]
    return "\n".join([*lines, *_named_registers(gates), "endmodule", ""])


def _port_bits(gates: Gates) -> list[str]:
    return [f"{port}[{bit}]" for port, width in gates.inputs.items() for bit in range(width)]


def _named_registers(gates: Gates) -> list[str]:
    states = {f"s{register}" for register in range(gates.registers)}
    held = {found.target for found in gates.assignments if states.intersection(found.pins.values())}
    return [
        f"wire [{len(nets) - 1}:0] \\{name} = {{{', '.join(reversed(nets))}}};"
        for name, nets in gates.wires.items()
        if held.issuperset(nets) and name not in gates.outputs
    ]
