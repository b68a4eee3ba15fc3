"""Every step of a unit's accumulator on its gates, all operands with all sums, against the golden arithmetic."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hw.mac.design import MacDesign
from models.arithmetic import cyclic, wrap
from sim.gates.bit_sliced import BitSliced
from sim.gates.lanes import LANES, bits_of, counting, in_every_lane
from sim.gates.ports import Response, pin_values, preset_sum, read_ports
from sim.mac.golden import Cycles
from sim.mac.streams import bubbles, flush, join

TRANSITION_BITS = 24
"""Operands and sums of at most this many bits together are all tried."""

_CHUNK = 256


@dataclass(frozen=True)
class Transitions:
    """Steps tried, steps that ended in a wrong sum or output, and seconds that the gates ran."""

    tried: int
    wrong: int
    seconds: float


def feasible(design: MacDesign) -> bool:
    """Returns whether a design has few enough operands and sums to try them all."""
    return design.activation_bits + design.weight_bits + design.accumulator_bits <= TRANSITION_BITS


def try_transitions(program: BitSliced, design: MacDesign) -> Transitions:
    """Adds every product of an activation and a weight to every sum, and checks the new sum and cyclic activation.

    Raises ValueError for a design with more than TRANSITION_BITS bits of operands and sum together.
    """
    if not feasible(design):
        raise ValueError(f"{design.name} has more than {TRANSITION_BITS} bits of operands and sum")
    gates = program.gates
    idle = _idle_state(program, design)
    bits = design.activation_bits + design.weight_bits + design.accumulator_bits
    blocks = max(1, (1 << bits) // LANES)
    wrong, seconds = 0, program.seconds
    for first in range(0, blocks, _CHUNK):
        planes = counting(bits, first, min(_CHUNK, blocks - first))
        operands, total = planes.tensor_split((bits - design.accumulator_bits,), dim=1)
        activation, weight = operands.tensor_split((design.activation_bits,), dim=1)
        state = idle.repeat(len(planes), 1, 1)
        preset_sum(gates, state, total)
        pins = _pins(program, design, activation, weight)
        shown = read_ports(gates, program.run(pins, state), len(planes) * LANES)
        numbers = first * LANES + torch.arange(len(planes) * LANES)
        wrong += int(_differs(design, shown, numbers)[: 1 << bits].count_nonzero())
    return Transitions(1 << bits, wrong, program.seconds - seconds)


def _differs(design: MacDesign, shown: Response, numbers: Tensor) -> Tensor:
    """Returns in which lanes of these numbers the new sum or its cyclic activation is wrong."""
    architecture = design.architecture
    total = numbers >> (design.activation_bits + design.weight_bits)
    expected = wrap(_products(design, numbers) + total, design.accumulator_bits)
    differs = shown.sum[architecture.sum_latency + design.settle] != expected
    if design.slope is not None:
        out = shown.out[architecture.out_latency + design.settle]
        differs |= out != cyclic(expected, design.accumulator_bits, design.slope)
    return differs


def _idle_state(program: BitSliced, design: MacDesign) -> Tensor:
    """Returns the registers after a reset has left the pipeline: planes of one block."""
    idle = bubbles(design, flush(design))
    reset = Cycles(idle.reset + 1, idle.enable, idle.first, idle.activation, idle.weight)
    values = pin_values(program.gates, design, join([reset, idle]))
    state = program.initial_state(1)
    program.run(_constant_pins(program, values), state)
    return state


def _pins(program: BitSliced, design: MacDesign, activation: Tensor, weight: Tensor) -> Tensor:
    """Returns one enabled cycle with the planes' operands, followed by bubbles until its output shows."""
    idle = bubbles(design, flush(design))
    pins = _constant_pins(program, pin_values(program.gates, design, idle)).repeat(len(activation), 1, 1, 1)
    position = 0
    for port, width in program.gates.inputs.items():
        planes = {"activation": activation, "weight": weight, "enable": torch.tensor(-1)}.get(port)
        if planes is not None:
            pins[:, 0, position : position + width] = planes
        position += width
    return pins


def _constant_pins(program: BitSliced, values: Tensor) -> Tensor:
    """Returns planes with the same pins in every lane of one block, from integers of shape (cycles,)."""
    return in_every_lane(bits_of(values, sum(program.gates.inputs.values())))[None]


def _products(design: MacDesign, numbers: Tensor) -> Tensor:
    """Returns the products of the operands that `counting` puts into the lanes of these numbers."""
    activation = numbers & ((1 << design.activation_bits) - 1)
    weight = numbers >> design.activation_bits
    weight = 2 * (weight & 1) - 1 if design.weight_bits == 1 else wrap(weight, design.weight_bits)
    return activation * weight
