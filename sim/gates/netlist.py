"""Reads mapped netlists, in Yosys's JSON, as logic."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sim.gates.cells import FlipFlop, LibraryCell
from sim.gates.expressions import Expression, inverted
from sim.gates.logic import CLOCK, Assignment, Gates

_CONSTANTS = {"0": "zero", "1": "one", "x": "zero", "z": "zero"}


def read_gates(path: Path, module: str, cells: Mapping[str, LibraryCell]) -> Gates:
    """Reads a flattened, mapped module from a file of Yosys's `write_json`.

    Raises ValueError for a missing module, a cell that the library lacks, a register that the rising edge of `clk` does
    not clock, an asynchronous set or reset that is not tied off, a net without a driver, and a combinational loop.
    """
    modules = json.loads(path.read_text(encoding="utf-8"))["modules"]
    if module not in modules:
        raise ValueError(f"{path.name} has no module {module}")
    return gates_of(module, modules[module], cells)


def gates_of(name: str, module: dict[str, Any], cells: Mapping[str, LibraryCell]) -> Gates:
    """Returns the gates of the parsed JSON of one module. Raises ValueError as `read_gates`."""
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
    """Turns ports and cells into assignments, in arbitrary order."""

    def __init__(self, module: dict[str, Any], cells: Mapping[str, LibraryCell]) -> None:
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
                    f"the netlist has the cell {found['type']}, which is neither a gate nor a flip-flop of the library"
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
        """Returns the bits of each port of a direction, lowest first; ports sorted by name, as JSON has no order."""
        ports = sorted(self._module["ports"].items())
        return {name: port["bits"] for name, port in ports if port["direction"] == direction}

    def _drive(
        self,
        instance: str,
        cell: LibraryCell,
        functions: Mapping[str, Expression],
        outputs: Mapping[str, str],
        pins: Mapping[str, str],
    ) -> None:
        for pin, function in functions.items():
            if pin in outputs:
                used = {name: pins[name] for name in sorted(function.pins())}
                self.assignments.append(Assignment(outputs[pin], function, used, cell.name, instance))

    def _remove_clocks(self) -> None:
        """Removes the clock's buffers and inverters from the logic and records each clock net's polarity."""
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
        """Returns whether a function of a clock net follows the clock (True) or its inverse."""
        (pin, *others) = function.pins()
        if others or pins[pin] not in self._rising:
            raise ValueError(f"the netlist has a clock other than {CLOCK} and its inverse")
        follows = function.table((pin,)) == Expression(pin).table((pin,))
        return self._rising[pins[pin]] == follows

    def _register(self, instance: str, cell: LibraryCell, flip_flop: FlipFlop, pins: dict[str, str]) -> None:
        if not self._polarity(flip_flop.clock, pins):
            raise ValueError(f"{cell.name} {instance} is not clocked by the rising edge of {CLOCK}")
        tied = {pin: Expression({"zero": "0", "one": "1"}[net]) for pin, net in pins.items() if net in ("zero", "one")}
        for forced in flip_flop.forced:
            applied = forced.with_pins(tied)
            if applied.pins() or applied.table(()):
                raise ValueError(
                    f"{cell.name} {instance} has an asynchronous set or reset; allowed are synchronous ones"
                )
        state = {**pins, flip_flop.state: f"s{self.registers}"}
        inverse = {flip_flop.inverse: inverted(Expression(flip_flop.state))}
        outputs = {pin: function.with_pins(inverse) for pin, function in cell.outputs.items()}
        self._drive(instance, cell, outputs, pins, state)
        next_state = {"next": flip_flop.next_state.with_pins(inverse)}
        self._drive(instance, cell, next_state, {"next": f"d{self.registers}"}, state)
        self.registers += 1


def _in_order(assignments: list[Assignment]) -> Iterator[Assignment]:
    """Sorts assignments by need, depth first, so that a value is computed shortly before it is used."""
    by_target = {assignment.target: assignment for assignment in assignments}
    known = {"zero", "one"}
    path: dict[str, Iterator[str]] = {}

    def needs(target: str) -> Iterator[str]:
        if target not in by_target:
            raise ValueError(f"the netlist has a net that nothing drives: {target}")
        return iter(signal for signal in by_target[target].pins.values() if signal[0] not in "is")

    for start in sorted(by_target, key=lambda target: target[0]):  # next states first, then nets that only outputs need
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
    """Returns a name for each net: a port's if possible, else a public one."""
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
