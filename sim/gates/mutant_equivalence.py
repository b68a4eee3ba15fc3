"""Proves mutants of a netlist equivalent to it, by trying every value of the signals around the changed gate."""

from dataclasses import dataclass

import torch
from torch import Tensor

from sim.gates.bit_sliced import BitSliced
from sim.gates.lanes import LANES, WORDS, counting
from sim.gates.logic import Gates

EXHAUSTIVE_BITS = 26
"""Values of at most this many bits are all tried."""

_CHUNK = 2048


@dataclass(frozen=True)
class _Reach:
    """The reach of a changed gate within a cycle.

    shown, registers: positions of the outputs, and the registers, that depend on the gate.
    sources: the inputs and states that these outputs and registers depend on.
    """

    shown: list[int]
    registers: list[int]
    sources: list[str]


def proved_equivalent(program: BitSliced, number: int, limit: int = EXHAUSTIVE_BITS) -> bool:
    """Returns whether exhaustive trial proves that a mutant of the program behaves as the netlist does.

    Proved means: whatever the mutant's registers hold at power-up, from its second cycle on it behaves as the netlist
    does from some state. To that end one step of both is compared from every value of the inputs and registers in
    reach; if any differ, once more from the values that registers can hold after a cycle, which are computed from
    earlier inputs and registers. Returns False also if more than `limit` bits would have to be tried.

    number: position of the mutant in `program.mutants`.
    """
    gates = program.gates
    reach = _reach(gates, gates.assignments[program.mutants[number].site].target)
    if len(reach.sources) <= limit and _same(program, number, reach, reach.sources, []):
        return True
    # Registers out of reach load the same value in both machines.
    made = [source for source in reach.sources if source[0] == "s" and int(source[1:]) not in reach.registers]
    free = [source for source in reach.sources if source not in made]
    earlier = sorted(_sources_of(gates, {f"d{source[1:]}" for source in made}))
    return bool(made) and len(free) + len(earlier) <= limit and _same(program, number, reach, free, made, earlier)


def _same(
    program: BitSliced, number: int, reach: _Reach, free: list[str], made: list[str], earlier: list[str] | None = None
) -> bool:
    """Returns whether one step agrees for every value of `free` and of the `earlier` signals that make `made`."""
    earlier = earlier or []
    bits = max(1, len(free) + len(earlier))
    blocks = max(1, (1 << bits) // LANES)
    mutated = torch.zeros(len(program.mutants), WORDS, dtype=torch.int64)
    mutated[number] = -1
    for first in range(0, blocks, _CHUNK):
        planes = counting(bits, first, min(_CHUNK, blocks - first))
        pins, state = _set(program, planes, free)
        if made:
            earlier_pins, earlier_state = _set(program, planes[:, len(free) :], earlier)
            program.run(earlier_pins, earlier_state)
            registers = [int(source[1:]) for source in made]
            state[:, registers] = earlier_state[:, registers]
        other = state.clone()
        shown, other_shown = program.run(pins, state), program.run(pins, other, mutated)
        if not torch.equal(state[:, reach.registers], other[:, reach.registers]):
            return False
        if not torch.equal(shown[:, :, reach.shown], other_shown[:, :, reach.shown]):
            return False
    return True


def _set(program: BitSliced, planes: Tensor, sources: list[str]) -> tuple[Tensor, Tensor]:
    """Returns pins and registers with `sources` set to planes (blocks, sources, WORDS) and all others 0."""
    pins = torch.zeros(len(planes), 1, sum(program.gates.inputs.values()), WORDS, dtype=torch.int64)
    state = program.initial_state(len(planes))
    for position, source in enumerate(sources):
        target = pins[:, 0] if source[0] == "i" else state
        target[:, int(source[1:])] = planes[:, position]
    return pins, state


def _reach(gates: Gates, target: str) -> _Reach:
    touched = {target}
    for found in gates.assignments:
        if touched.intersection(found.pins.values()):
            touched.add(found.target)
    shown = [position for position, net in enumerate(gates.shown) if net in touched]
    registers = [register for register in range(gates.registers) if f"d{register}" in touched]
    sources = _sources_of(gates, touched & {*gates.shown, *gates.next_states})
    return _Reach(shown, registers, sorted(sources))


def _sources_of(gates: Gates, targets: set[str]) -> set[str]:
    """Returns the inputs and states that the targets depend on."""
    needed = set(targets)
    for found in reversed(gates.assignments):
        if found.target in needed:
            needed.update(found.pins.values())
    return needed.intersection(gates.sources)
