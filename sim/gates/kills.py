"""Finds the mutants of a netlist that the bench's stimuli tell from the golden model."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hw.mac.design import MacDesign
from sim.gates.bit_sliced import BitSliced
from sim.gates.lanes import LANES, WORDS, bits_of, in_every_lane
from sim.gates.logic import Gates
from sim.gates.ports import pin_values, preset_sum
from sim.mac.golden import accumulate, expected_outputs
from sim.mac.stimulus import families
from sim.mac.streams import Stimulus, bubbles, flush, join, paced

_CHUNK = 4096


@dataclass(frozen=True)
class _Scene:
    """One stimulus as bits, each 0 or -1.

    name: the family. preset: bits of the sum to start from, (1, bits), or None to continue from the last stimulus.
    pins: (cycles, pins). expected: the golden model's outputs, (cycles, outputs). known: where these are defined.
    """

    name: str
    preset: Tensor | None
    pins: Tensor
    expected: Tensor
    known: Tensor


def find_kills(program: BitSliced, design: MacDesign, seed: int) -> tuple[list[str | None], bool]:
    """Returns the first family of stimuli that tells each mutant from the golden model, or None if none does.

    Also returns whether the netlist itself agrees with the golden model throughout. Each lane runs one mutant, and all
    play the same stimuli. Stimuli with a preset sum come last and are named as such, since the bench plays them on
    generated Verilog only. Registers start at 0, where the bench starts from unknown values.
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


def _scenes(gates: Gates, design: MacDesign, seed: int) -> list[_Scene]:
    named = [
        (family, stimulus)
        for family, stimuli in families().items()
        for stimulus in paced(design, stimuli(design, seed))
    ]
    scenes = [_scene(gates, design, family, stimulus) for family, stimulus in named]
    return sorted(scenes, key=lambda scene: scene.preset is not None)


def _scene(gates: Gates, design: MacDesign, family: str, stimulus: Stimulus) -> _Scene:
    preload = stimulus.preload
    cycles = join([stimulus.cycles, bubbles(design, flush(design))])
    outputs = expected_outputs(design, accumulate(design, cycles, preload), preload)
    expected, known = [], []
    for port, nets in gates.outputs.items():
        expected.append(bits_of(getattr(outputs, port), len(nets)))
        known.append(-getattr(outputs, f"{port}_known").long()[:, None].expand(-1, len(nets)))
    return _Scene(
        name=family if preload is None else f"{family}, preset",
        preset=None if preload is None else bits_of(torch.tensor([preload]), design.accumulator_bits),
        pins=bits_of(pin_values(gates, design, cycles), sum(gates.inputs.values())),
        expected=torch.cat(expected, dim=1),
        known=torch.cat(known, dim=1),
    )


def _wrong_lanes(
    program: BitSliced, state: Tensor, masks: Tensor, scene: _Scene
) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Returns the lanes in which some output is wrong: a plane of shape (WORDS,)."""
    if scene.preset is not None:
        preset_sum(program.gates, state, in_every_lane(scene.preset))
    wrong = np.zeros(WORDS, np.int64)
    for start in range(0, len(scene.pins), _CHUNK):
        part = slice(start, start + _CHUNK)
        shown = program.run(in_every_lane(scene.pins[part])[None], state, masks)[0]
        differs = (shown ^ scene.expected[part, :, None]) & scene.known[part, :, None]
        wrong |= np.bitwise_or.reduce(differs.numpy(), axis=(0, 1))
    return wrong
