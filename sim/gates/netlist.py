"""Mapped netlists as logic: reads Yosys's JSON, with the cells' functions, into assignments in order."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.gates.cells import Cell, FlipFlop
from sim.gates.expressions import Expression, inverted

CLOCK = "clk"
_CONSTANTS = {"0": "zero", "1": "one", "x": "zero", "z": "zero"}


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


def read_gates(path: Path, module: str, cells: Mapping[str, Cell]) -> Gates:
    """Reads a flattened, mapped module from Yosys's `write_json`.

    Raises ValueError for a module that is missing, a cell that the library lacks, registers that are not all clocked
    by the rising edge of `clk`, signals that can set or clear a register at once, and combinational loops.
    """
    modules = json.loads(path.read_text())["modules"]
    if module not in modules:
        raise ValueError(f"{path.name} has no module {module}")
    return gates_of(module, modules[module], cells)


def gates_of(name: str, module: dict[str, Any], cells: Mapping[str, Cell]) -> Gates:
    """The same of the module `name` as Yosys's JSON has it, already parsed."""
    reader = _Reader(module, cells)
    return Gates(
        name=name,
        inputs={port: len(bits) for port, bits in reader.ports("input").items() if port != CLOCK},
        outputs={port: tuple(map(_net, bits)) for port, bits in reader.ports("output").items()},
        registers=reader.registers,
        assignments=tuple(_in_order(reader.assignments)),
        net_names=_net_names(module),
        wires={
            name: tuple(map(_net, entry["bits"]))
            for name, entry in module["netnames"].items()
            if not entry["hide_name"]
        },
    )


def _net(bit: int | str) -> str:
    return _CONSTANTS[bit] if isinstance(bit, str) else f"n{bit}"


class _Reader:
    """Turns ports and cells into assignments, in no order yet."""

    def __init__(self, module: dict[str, Any], cells: Mapping[str, Cell]) -> None:
        self._module = module
        self._cells = cells
        self.registers = 0
        self.assignments: list[Assignment] = []
        data = {port: bits for port, bits in self.ports("input").items() if port != CLOCK}
        for position, bit in enumerate(bit for bits in data.values() for bit in bits):
            self.assignments.append(Assignment(_net(bit), Expression("port"), {"port": f"i{position}"}))
        registers = []
        for instance, found in module["cells"].items():
            if found["type"] == "$scopeinfo":
                continue
            cell = cells.get(found["type"])
            if cell is None:
                raise ValueError(
                    f"the netlist has the cell {found['type']}, which is no gate or flip-flop of the library"
                )
            pins = {pin: _net(bits[0]) for pin, bits in found["connections"].items() if bits}
            missing = cell.inputs - pins.keys()
            if missing:
                raise ValueError(f"pin {min(missing)} of {found['type']} {instance} is not connected")
            if cell.flip_flop is not None:
                registers.append((instance, cell, cell.flip_flop, pins))
            else:
                self._drive(instance, cell, cell.outputs, pins, pins)
        self._remove_clocks()
        for instance, cell, flip_flop, pins in registers:
            self._register(instance, cell, flip_flop, pins)

    def ports(self, direction: str) -> dict[str, list[int | str]]:
        """The bits of each port of a direction, lowest first; ports by name, for they have no order."""
        ports = sorted(self._module["ports"].items())
        return {name: port["bits"] for name, port in ports if port["direction"] == direction}

    def _drive(
        self,
        instance: str,
        cell: Cell,
        functions: Mapping[str, Expression],
        outputs: Mapping[str, str],
        pins: Mapping[str, str],
    ) -> None:
        for pin, function in functions.items():
            if pin in outputs:
                used = {name: pins[name] for name in sorted(function.pins())}
                self.assignments.append(Assignment(outputs[pin], function, used, cell.name, instance))

    def _remove_clocks(self) -> None:
        """Takes the clock's buffers and inverters out of the logic, and notes each clock net's polarity."""
        (clock,) = self.ports("input").get(CLOCK) or ["zero"]
        self._rising: dict[str, bool] = {_net(clock): True}
        grown = True
        while grown:
            reached = [found for found in self.assignments if set(found.pins.values()) & self._rising.keys()]
            for found in reached:
                self._rising[found.target] = self._polarity(found.function, found.pins)
                self.assignments.remove(found)
            grown = bool(reached)

    def _polarity(self, function: Expression, pins: Mapping[str, str]) -> bool:
        """Whether a function of a clock net follows the clock (True) or its inverse."""
        (pin, *others) = function.pins()
        if others or pins[pin] not in self._rising:
            raise ValueError("the netlist has a register or a gate that needs more of a clock than clk and its inverse")
        follows = function.table((pin,)) == Expression(pin).table((pin,))
        return self._rising[pins[pin]] == follows

    def _register(self, instance: str, cell: Cell, flip_flop: FlipFlop, pins: dict[str, str]) -> None:
        if not self._polarity(flip_flop.clock, pins):
            raise ValueError(f"{cell.name} {instance} is not clocked by the rising edge of {CLOCK}")
        tied = {pin: Expression({"zero": "0", "one": "1"}[net]) for pin, net in pins.items() if net in ("zero", "one")}
        for forced in flip_flop.forced:
            applied = forced.with_pins(tied)
            if applied.pins() or applied.table(()):
                raise ValueError(f"{cell.name} {instance} can be set or cleared at once; only synchronous ones do")
        state = {**pins, flip_flop.state: f"s{self.registers}"}
        inverse = {flip_flop.inverse: inverted(Expression(flip_flop.state))}
        outputs = {pin: function.with_pins(inverse) for pin, function in cell.outputs.items()}
        self._drive(instance, cell, outputs, pins, state)
        takes_up = {"next": flip_flop.next_state.with_pins(inverse)}
        self._drive(instance, cell, takes_up, {"next": f"d{self.registers}"}, state)
        self.registers += 1


def _in_order(assignments: list[Assignment]) -> Iterator[Assignment]:
    """Depth first, so that a value is computed shortly before it is used."""
    by_target = {assignment.target: assignment for assignment in assignments}
    known = {"zero", "one"}
    path: dict[str, Iterator[str]] = {}

    def needs(target: str) -> Iterator[str]:
        if target not in by_target:
            raise ValueError(f"the netlist has a net that nothing drives: {target}")
        return iter(signal for signal in by_target[target].pins.values() if signal[0] not in "is")

    for start in sorted(by_target, key=lambda target: target[0]):  # what registers take up first, then what is left
        if start in known:
            continue
        path[start] = needs(start)
        while path:
            target = next(reversed(path))
            signal = next((signal for signal in path[target] if signal not in known), None)
            if signal is None:
                path.popitem()
                known.add(target)
                yield by_target[target]
            elif signal in path:
                raise ValueError(f"the netlist has a combinational loop through {signal}")
            else:
                path[signal] = needs(signal)


def _net_names(module: dict[str, Any]) -> dict[str, str]:
    """A name for each net, a public one where it has one, ports first."""
    names: dict[str, str] = {}
    entries = sorted(
        module["netnames"].items(), key=lambda entry: (entry[0] not in module["ports"], entry[1]["hide_name"], entry[0])
    )
    for name, entry in entries:
        for position, bit in enumerate(entry["bits"]):
            if isinstance(bit, int):
                suffix = f"[{position}]" if len(entry["bits"]) > 1 else ""
                names.setdefault(_net(bit), re.sub(r"^\$flatten\\", "", name) + suffix)
    return names
