"""A netlist as logic: assignments in the order in which they are computed, between registers of one clock."""

from collections.abc import Mapping
from dataclasses import dataclass

from sim.gates.expressions import Expression

CLOCK = "clk"
"""Name of the port of the clock."""


@dataclass(frozen=True)
class Assignment:
    """One signal and the function that drives it.

    target: the signal. function: in terms of the cell's pins. pins: the signal at each of them. cell, instance: the
    kind of cell and its name, empty for an input port.
    """

    target: str
    function: Expression
    pins: Mapping[str, str]
    cell: str = ""
    instance: str = ""

    def text(self, function: Expression | None = None) -> str:
        """Its function, or another of the same pins, in the syntax that C and Verilog share."""
        return (function or self.function).text({"0": "zero", "1": "one", **self.pins})


@dataclass(frozen=True)
class Gates:
    """A flat netlist of one clock, as logic between registers.

    Signals: `n7` is a net, `i3` bit 3 of the input ports one after another, `s2` what register 2 holds and `d2` what it
    takes up next, `zero` and `one` the constants.

    name: of the module. inputs: input ports without the clock, and their widths. outputs: the nets of each output port.
    registers: how many. assignments: every net and every `d`, in an order in which each comes after what it needs.
    net_names: what the netlist calls each net. wires: the nets of each vector that has a name of its own.
    """

    name: str
    inputs: Mapping[str, int]
    outputs: Mapping[str, tuple[str, ...]]
    registers: int
    assignments: tuple[Assignment, ...]
    net_names: Mapping[str, str]
    wires: Mapping[str, tuple[str, ...]]

    @property
    def sources(self) -> tuple[str, ...]:
        """The signals that a cycle starts from: bits of the input ports, then registers."""
        pins = sum(self.inputs.values())
        return (*(f"i{bit}" for bit in range(pins)), *(f"s{register}" for register in range(self.registers)))

    @property
    def shown(self) -> tuple[str, ...]:
        """The nets of the output ports, one port after another."""
        return tuple(net for nets in self.outputs.values() for net in nets)

    def label(self, signal: str) -> str:
        """What the netlist calls a net, or the net of the register that takes up a `d` signal."""
        if signal in self.net_names:
            return self.net_names[signal]
        state = f"s{signal[1:]}"
        held = [found.target for found in self.assignments if state in found.pins.values() and found.target[0] == "n"]
        return f"what {self.net_names[held[0]]} takes up next" if held else f"what register {signal[1:]} takes up next"

    def registers_of(self, port: str) -> list[tuple[int, bool]]:
        """For each bit of an output port, the register that it shows, and whether it shows its inverse.

        Raises ValueError for a port that shows anything else.
        """
        by_target = {found.target: found for found in self.assignments}
        registers = []
        for net in self.outputs[port]:
            function, pins = by_target[net].function, by_target[net].pins
            (pin, *others) = pins or ("",)
            if others or not pins.get(pin, "").startswith("s"):
                raise ValueError(f"the port {port} of {self.name} shows something else than registers")
            straight = function.table((pin,)) == Expression(pin).table((pin,))
            registers.append((int(pins[pin][1:]), not straight))
        return registers

    @property
    def next_states(self) -> tuple[str, ...]:
        """What the registers take up at the end of a cycle."""
        return tuple(f"d{register}" for register in range(self.registers))
