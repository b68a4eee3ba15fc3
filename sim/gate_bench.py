"""Plays operand streams on the gates of a multiply-accumulate unit, and the bench's stimuli on its mutants."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hw.designs import MacDesign
from sim.bit_sliced import BitSliced
from sim.drivers import FLUSH
from sim.gates import Gates
from sim.golden import Cycles, accumulate, expected_outputs
from sim.lanes import LANES, WORDS, pack, unpack
from sim.stimulus import bubbles, families, join

_CHUNK = 4096


@dataclass(frozen=True)
class Response:
    """What the ports showed just before each rising clock edge: signed integers of shape (cycles, lanes).

    out: all 0 for a unit without a cyclic activation.
    """

    sum: Tensor
    out: Tensor


def pin_values(gates: Gates, design: MacDesign, cycles: Cycles) -> Tensor:
    """Each cycle's input pins as one integer, first pin lowest, in the order of `gates.sources`; shaped as the cycles.

    Raises ValueError if the netlist's ports are not those of the design.
    """
    widths = {"activation": design.activation_bits, "enable": 1, "first": 1, "rst": 1, "weight": design.weight_bits}
    if dict(gates.inputs) != widths:
        raise ValueError(f"the netlist {gates.name} has not the input ports of {design.name}")
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
    """Plays an operand stream a lane, all lanes at once.

    cycles: tensors of shape (cycles, lanes), for any number of lanes. state: registers to start from, updated in
    place; all 0 if left out.
    """
    lanes = cycles.activation.shape[1]
    pins = pack(pin_values(program.gates, design, cycles), sum(program.gates.inputs.values()))
    shown = program.run(pins, program.initial_state(len(pins)) if state is None else state)
    return read_ports(program.gates, shown, lanes)


def read_ports(gates: Gates, shown: Tensor, lanes: int) -> Response:
    """The integers in the planes that a run returns."""
    values, position = {}, 0
    for port, nets in gates.outputs.items():
        values[port] = unpack(shown[:, :, position : position + len(nets)], lanes)
        position += len(nets)
    return Response(values["sum"], values.get("out", torch.zeros_like(values["sum"])))


def kills(program: BitSliced, design: MacDesign, seed: int) -> tuple[list[str | None], bool]:
    """Which family of the bench's stimuli is the first to tell each mutant from the golden model, None for none.

    One lane runs one mutant; all get the same stimuli, one after another. Those that need a preload are passed over,
    as the bench does with netlists. Also whether the netlist itself agrees with the golden model throughout.
    Registers start at 0, where the bench starts from unknown values.
    """
    scenes = list(_scenes(program.gates, design, seed))
    found: list[str | None] = [None] * len(program.mutants)
    sound = True
    for first in range(0, len(found), LANES - 1):
        numbers = range(first, min(first + LANES - 1, len(found)))
        chosen = np.zeros((len(found), LANES), np.uint8)
        chosen[numbers, range(len(numbers))] = 1
        masks = torch.from_numpy(np.packbits(chosen, axis=1, bitorder="little").view(np.int64))
        state = program.initial_state(1)
        for family, pins, expected, known in scenes:
            wrong = np.unpackbits(_wrong(program, state, masks, pins, expected, known).view(np.uint8), bitorder="little")
            sound = sound and not wrong[LANES - 1]
            for lane, number in enumerate(numbers):
                if wrong[lane] and found[number] is None:
                    found[number] = family
    return found, sound


def _scenes(gates: Gates, design: MacDesign, seed: int) -> Iterator[tuple[str, Tensor, Tensor, Tensor]]:
    """By family: the pins, what the outputs should be and which of them are known; bits as 0 or -1, (cycles, bits)."""
    for family, stimuli in families().items():
        for stimulus in stimuli(design, seed):
            if stimulus.preload is not None:
                continue
            cycles = join([stimulus.cycles, bubbles(design, FLUSH)])
            outputs = expected_outputs(design, accumulate(design, cycles))
            expected, known = [], []
            for port, nets in gates.outputs.items():
                expected.append(_bits(getattr(outputs, port), len(nets)))
                known.append(-getattr(outputs, f"{port}_known").long()[:, None].expand(-1, len(nets)))
            pins = _bits(pin_values(gates, design, cycles), sum(gates.inputs.values()))
            yield family, pins, torch.cat(expected, dim=1), torch.cat(known, dim=1)


def _bits(values: Tensor, count: int) -> Tensor:
    return -((values[:, None] >> torch.arange(count)) & 1)


def _wrong(
    program: BitSliced, state: Tensor, masks: Tensor, pins: Tensor, expected: Tensor, known: Tensor
) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """The lanes that some output betrays: a plane of shape (WORDS,)."""
    wrong = np.zeros(WORDS, np.int64)
    for start in range(0, len(pins), _CHUNK):
        part = slice(start, start + _CHUNK)
        planes = pins[part, :, None].expand(-1, -1, WORDS)[None].contiguous()
        shown = program.run(planes, state, masks)[0]
        differs = (shown ^ expected[part, :, None]) & known[part, :, None]
        wrong |= np.bitwise_or.reduce(differs.numpy(), axis=(0, 1))
    return wrong
