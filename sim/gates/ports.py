"""Plays operand streams on the gates of a multiply-accumulate unit and reads its ports."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hw.mac.design import MacDesign
from sim.gates.bit_sliced import BitSliced
from sim.gates.lanes import pack, unpack
from sim.gates.logic import Gates
from sim.mac.golden import Cycles


@dataclass(frozen=True)
class Response:
    """Values of the output ports just before each rising clock edge: signed integers of shape (cycles, lanes).

    out: 0 throughout for a unit without a cyclic activation.
    """

    sum: Tensor
    out: Tensor


def pin_values(gates: Gates, design: MacDesign, cycles: Cycles) -> Tensor:
    """Returns each cycle's input pins as one integer, in the order of `gates.sources`, lowest bit first.

    The result has the shape of the cycles' tensors. Raises ValueError if the netlist's ports are not the design's.
    """
    widths = {"activation": design.activation_bits, "enable": 1, "first": 1, "rst": 1, "weight": design.weight_bits}
    if dict(gates.inputs) != widths:
        raise ValueError(f"the netlist {gates.name} lacks the input ports of {design.name}")
    values = {
        "activation": cycles.activation,
        "enable": cycles.enable,
        "first": cycles.first,
        "rst": cycles.reset,
        "weight": (cycles.weight > 0).long() if design.weight_bits == 1 else cycles.weight,
    }
    word, position = torch.zeros_like(cycles.activation), 0
    for port, width in gates.inputs.items():
        word |= (values[port] & ((1 << width) - 1)) << position
        position += width
    return word


def play(program: BitSliced, design: MacDesign, cycles: Cycles, state: Tensor | None = None) -> Response:
    """Plays one operand stream per lane, all lanes at once, and returns what the ports show.

    cycles: tensors of shape (cycles, lanes). Idle lanes, with every pin at 0, fill up to a multiple of 512; toggles
    include theirs.
    state: registers to start from, updated in place; all 0 if left out. Raises ValueError as `pin_values`.
    """
    lanes = cycles.activation.shape[1]
    pins = pack(pin_values(program.gates, design, cycles), sum(program.gates.inputs.values()))
    shown = program.run(pins, program.initial_state(len(pins)) if state is None else state)
    return read_ports(program.gates, shown, lanes)


def read_ports(gates: Gates, shown: Tensor, lanes: int) -> Response:
    """Returns the integers in the planes that `BitSliced.run` returns."""
    values, position = {}, 0
    for port, nets in gates.outputs.items():
        values[port] = unpack(shown[:, :, position : position + len(nets)], lanes)
        position += len(nets)
    return Response(values["sum"], values.get("out", torch.zeros_like(values["sum"])))


def preset_sum(gates: Gates, state: Tensor, sums: Tensor) -> None:
    """Sets the accumulator in planes of registers (blocks, registers, WORDS), in place.

    sums: planes that broadcast to (blocks, accumulator bits, WORDS).
    """
    for bit, (register, inverse) in enumerate(gates.registers_of("sum")):
        state[:, register] = ~sums[:, bit] if inverse else sums[:, bit]
