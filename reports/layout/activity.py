"""Switching activity of a placed circuit's nets while it computes a trained layer."""

from dataclasses import dataclass
from typing import Any

from hw.mac.design import MacDesign
from reports.layout.circuit import Circuit, identifier
from sim.gates.bit_sliced import BitSliced
from sim.gates.cells import read_cells
from sim.gates.lanes import LANES
from sim.gates.logic import Gates
from sim.gates.netlist import gates_of
from sim.gates.ports import play
from sim.mac.golden import Cycles


@dataclass(frozen=True)
class Activity:
    """Toggles per cycle and duty (share of the time at 1) of every net except the clock's."""

    toggles: dict[str, float]
    duties: dict[str, float]

    def with_glitches(self, delayed: "Activity", settled: "Activity") -> "Activity":
        """Returns this activity with each net's toggles raised by `delayed` - `settled`; duties stay.

        delayed, settled: the same cycles simulated with and without delays.
        """
        added = {net: delayed.toggles[net] - settled.toggles[net] for net in self.toggles}
        return Activity({net: rate + added[net] for net, rate in self.toggles.items()}, self.duties)


WARM_UP = 64
"""Cycles played before counting starts."""


def measure_activity(design: MacDesign, circuit: Circuit, liberty: str, cycles: Cycles) -> Activity:
    """Plays `cycles`, tensors of shape (cycles, lanes), and counts toggles and duties from cycle WARM_UP on.

    A net changes at most once per cycle: glitches are not counted.
    """
    program = BitSliced(gates_of_circuit(circuit, liberty), count_toggles=True)
    lanes = cycles.activation.shape[1]
    state = program.initial_state(-(-lanes // LANES))
    play(program, design, cycles[:WARM_UP], state)
    program.forget()
    counted = cycles[WARM_UP:]
    play(program, design, counted, state)
    steps, seen = (len(counted) - 1) * lanes, len(counted) * lanes
    return Activity(
        {identifier(net): count / steps for net, count in program.toggles.items()},
        {identifier(net): count / seen for net, count in program.highs.items()},
    )


def gates_of_circuit(circuit: Circuit, liberty: str) -> Gates:
    """Returns the logic of a circuit, with the ports of the unit's Verilog and the nets and cells of the layout."""
    numbers: dict[str, int | str] = {"gnd": "0", "vdd": "1"}

    def number(net: str) -> int | str:
        return numbers.setdefault(net, len(numbers))

    cells = {
        one.name: {"type": one.kind, "connections": {pin: [number(net)] for pin, net in one.nets.items()}}
        for one in circuit.instances
    }
    ports: dict[str, dict[str, Any]] = {}
    for direction, nets in (("input", circuit.inputs), ("output", circuit.outputs)):
        for name, bits in circuit.ports(nets).items():
            ports[name] = {"direction": direction, "bits": [number(net) for net in bits]}
    netnames = {net: {"bits": [bit], "hide_name": 0} for net, bit in numbers.items() if isinstance(bit, int)}
    netnames |= {name: {"bits": port["bits"], "hide_name": 0} for name, port in ports.items()}
    return gates_of(circuit.name, {"ports": ports, "cells": cells, "netnames": netnames}, read_cells(liberty))
