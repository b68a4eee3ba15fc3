"""A netlist as logic: registers of one clock, and assignments between them in order of computation."""

from collections.abc import Mapping
from dataclasses import dataclass

from sim.gates.expressions import Expression

CLOCK = "clk"
"""Name of the clock's port."""


@dataclass(frozen=True)
class Assignment:
    """One signal and the function that drives it.

    target: the signal. function: in terms of the cell's pins. pins: the signal at each of them. cell, instance: names
    of the library cell and of its instance, empty for an input port.
    """

    target: str
    function: Expression
    pins: Mapping[str, str]
    cell: str = ""
    instance: str = ""

    def text(self, function: Expression | None = None) -> str:
        """Returns the function, or another one of the same pins, in the syntax that C and Verilog share."""
        return (function or self.function).text({"0": "zero", "1": "one", **self.pins})


@dataclass(frozen=True)
class Gates:
    """A flat netlist of one clock, as logic between registers.

    Signals: `n7` is a net, `i3` bit 3 of the concatenated input ports, `s2` the state of register 2 and `d2` its next
    state; `zero` and `one` are the constants.

    name: of the module. inputs: width of each input port but the clock. outputs: nets of each output port.
    registers: their number. assignments: drivers of every net and every `d`, each after the signals that it needs.
    net_names: name of each net in the netlist. wires: nets of each vector with a public name.
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
        """Returns the name in the netlist of a net, or a description of a `d` signal by its register's net."""
        if signal in self.net_names:
            return self.net_names[signal]
        state = f"s{signal[1:]}"
        held = [found.target for found in self.assignments if state in found.pins.values() and found.target[0] == "n"]
        return f"next value of {self.net_names[held[0]] if held else f'register {signal[1:]}'}"

    def registers_of(self, port: str) -> list[tuple[int, bool]]:
        """Returns for each bit of an output port the register that it shows, and whether inverted.

        Raises ValueError if the port shows anything but registers.
        """
        by_target = {found.target: found for found in self.assignments}
        registers = []
        for net in self.outputs[port]:
            function, pins = by_target[net].function, by_target[net].pins
            (pin, *others) = pins or ("",)
            if others or not pins.get(pin, "").startswith("s"):
                raise ValueError(f"the port {port} of {self.name} shows something other than registers")
            straight = function.table((pin,)) == Expression(pin).table((pin,))
            registers.append((int(pins[pin][1:]), not straight))
        return registers

    @property
    def next_states(self) -> tuple[str, ...]:
        """The signals that registers load at the end of a cycle."""
        return tuple(f"d{register}" for register in range(self.registers))
