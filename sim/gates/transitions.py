"""Every step of a unit's accumulator on its gates: all operands with all sums, against the golden arithmetic."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hw.mac.design import MacDesign
from models.arithmetic import cyclic, wrap
from sim.gates.bit_sliced import BitSliced
from sim.gates.lanes import LANES, bits_of, counting, in_every_lane
from sim.gates.ports import pin_values, preset_sum, read_ports
from sim.mac.golden import Cycles
from sim.mac.streams import bubbles, flush, join

TRANSITION_BITS = 24
"""Of up to so many bits of operands and sum, all combinations are tried."""

_CHUNK = 256


@dataclass(frozen=True)
class Transitions:
    """How many steps were tried, how many ended in another sum or output than they should, and the gates' seconds."""

    tried: int
    wrong: int
    seconds: float


def feasible(design: MacDesign) -> bool:
    """Whether a design has few enough operands and sums to try them all."""
    return design.activation_bits + design.weight_bits + design.accumulator_bits <= TRANSITION_BITS


def try_transitions(program: BitSliced, design: MacDesign) -> Transitions:
    """From every sum, one product of every activation and weight: the sum and the cyclic activation that come of it.

    Raises ValueError for a design with more than TRANSITION_BITS bits of operands and sum together.
    """
    if not feasible(design):
        raise ValueError(f"{design.name} has more than {TRANSITION_BITS} bits of operands and sum; that is too many")
    gates = program.gates
    idle = _idle_state(program, design)
    bits = design.activation_bits + design.weight_bits + design.accumulator_bits
    blocks = max(1, (1 << bits) // LANES)
    wrong, seconds = 0, program.seconds
    sum_row, out_row = (
        latency + design.settle for latency in (design.architecture.sum_latency, design.architecture.out_latency)
    )
    for first in range(0, blocks, _CHUNK):
        planes = counting(bits, first, min(_CHUNK, blocks - first))
        operands, total = planes.tensor_split((bits - design.accumulator_bits,), dim=1)
        activation, weight = operands.tensor_split((design.activation_bits,), dim=1)
        state = idle.repeat(len(planes), 1, 1)
        preset_sum(gates, state, total)
        pins = _pins(program, design, activation, weight)
        shown = read_ports(gates, program.run(pins, state), len(planes) * LANES)
        numbers = first * LANES + torch.arange(len(planes) * LANES)
        expected = wrap(
            _products(design, numbers) + (numbers >> (bits - design.accumulator_bits)), design.accumulator_bits
        )
        differs = shown.sum[sum_row] != expected
        if design.slope is not None:
            differs |= shown.out[out_row] != cyclic(expected, design.accumulator_bits, design.slope)
        wrong += int(differs[: 1 << bits].count_nonzero())
    return Transitions(1 << bits, wrong, program.seconds - seconds)


def _idle_state(program: BitSliced, design: MacDesign) -> Tensor:
    """The registers after a reset that has passed through: planes of one block."""
    idle = bubbles(design, flush(design))
    reset = Cycles(idle.reset + 1, idle.enable, idle.first, idle.activation, idle.weight)
    values = pin_values(program.gates, design, join([reset, idle]))
    state = program.initial_state(1)
    program.run(_constant_pins(program, values), state)
    return state


def _pins(program: BitSliced, design: MacDesign, activation: Tensor, weight: Tensor) -> Tensor:
    """One enabled cycle with the operands of the planes, and bubbles until its output shows."""
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
    """The same pins in every lane of one block, from integers of shape (cycles,)."""
    return in_every_lane(bits_of(values, sum(program.gates.inputs.values())))[None]


def _products(design: MacDesign, numbers: Tensor) -> Tensor:
    """The products of the operands that `counting` puts into the lanes of these numbers."""
    activation = numbers & ((1 << design.activation_bits) - 1)
    weight = numbers >> design.activation_bits
    weight = 2 * (weight & 1) - 1 if design.weight_bits == 1 else wrap(weight, design.weight_bits)
    return activation * weight
