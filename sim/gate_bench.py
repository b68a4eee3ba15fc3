"""Plays operand streams on the gates of a multiply-accumulate unit, and the bench's stimuli on its mutants."""

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


@dataclass(frozen=True)
class _Scene:
    """One stimulus as bits, each 0 or -1: tensors of shape (cycles, pins), and (cycles, outputs) for the other two.

    name: the family. preset: the sum to start from, or None to go on with what the last stimulus left.
    """

    name: str
    preset: int | None
    pins: Tensor
    expected: Tensor
    known: Tensor


def kills(program: BitSliced, design: MacDesign, seed: int) -> tuple[list[str | None], bool]:
    """Which family of the bench's stimuli is the first to tell each mutant from the golden model, None for none.

    One lane runs one mutant; all get the same stimuli, one after another. Those that start from a preset sum come last,
    and are named so: the bench has them for generated Verilog, not for netlists. Also returns whether the netlist itself
    agrees with the golden model throughout. Registers start at 0, where the bench starts from unknown values.
    """
    scenes = _scenes(program.gates, design, seed)
    found: list[str | None] = [None] * len(program.mutants)
    sound = True
    for first in range(0, len(found), LANES - 1):
        numbers = range(first, min(first + LANES - 1, len(found)))
        chosen = np.zeros((len(found), LANES), np.uint8)
        chosen[numbers, range(len(numbers))] = 1
        masks = torch.from_numpy(np.packbits(chosen, axis=1, bitorder="little").view(np.int64))
        state = program.initial_state(1)
        for scene in scenes:
            wrong = np.unpackbits(_wrong_lanes(program, state, masks, scene).view(np.uint8), bitorder="little")
            sound = sound and not wrong[LANES - 1]
            for lane, number in enumerate(numbers):
                if wrong[lane] and found[number] is None:
                    found[number] = scene.name
    return found, sound


def preset_sum(gates: Gates, state: Tensor, value: int) -> None:
    """Sets the accumulator of every lane, in planes of registers (blocks, registers, WORDS), in place."""
    for bit, (register, inverse) in enumerate(gates.registers_of("sum")):
        state[:, register] = -(((value >> bit) & 1) ^ int(inverse))


def _scenes(gates: Gates, design: MacDesign, seed: int) -> list[_Scene]:
    scenes = []
    for family, stimuli in families().items():
        for stimulus in stimuli(design, seed):
            cycles = join([stimulus.cycles, bubbles(design, FLUSH)])
            outputs = expected_outputs(design, accumulate(design, cycles, stimulus.preload), stimulus.preload)
            ports = gates.outputs.items()
            scenes.append(
                _Scene(
                    name=family if stimulus.preload is None else f"{family}, preset",
                    preset=stimulus.preload,
                    pins=_bits(pin_values(gates, design, cycles), sum(gates.inputs.values())),
                    expected=torch.cat([_bits(getattr(outputs, port), len(nets)) for port, nets in ports], dim=1),
                    known=torch.cat(
                        [-getattr(outputs, f"{port}_known").long()[:, None].expand(-1, len(nets)) for port, nets in ports],
                        dim=1,
                    ),
                )
            )
    return sorted(scenes, key=lambda scene: scene.preset is not None)


def _bits(values: Tensor, count: int) -> Tensor:
    return -((values[:, None] >> torch.arange(count)) & 1)


def _wrong_lanes(
    program: BitSliced, state: Tensor, masks: Tensor, scene: _Scene
) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """The lanes that some output betrays: a plane of shape (WORDS,)."""
    if scene.preset is not None:
        preset_sum(program.gates, state, scene.preset)
    wrong = np.zeros(WORDS, np.int64)
    for start in range(0, len(scene.pins), _CHUNK):
        part = slice(start, start + _CHUNK)
        planes = scene.pins[part, :, None].expand(-1, -1, WORDS)[None].contiguous()
        shown = program.run(planes, state, masks)[0]
        differs = (shown ^ scene.expected[part, :, None]) & scene.known[part, :, None]
        wrong |= np.bitwise_or.reduce(differs.numpy(), axis=(0, 1))
    return wrong
