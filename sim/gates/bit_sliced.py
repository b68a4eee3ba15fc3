"""Gate-level simulation of a mapped netlist in 512 lanes: every net is a vector with one bit per lane.

The logic is compiled as C. There are no delays: a net changes at most once a cycle, and glitches do not show.
"""

import ctypes
import time
from collections.abc import Sequence

import torch
from torch import Tensor

from sim.compiler import compile_library
from sim.gates.lanes import WORDS
from sim.gates.logic import Gates
from sim.gates.mutants import Mutant

_CODE = """
typedef unsigned long long Word;
typedef Word V __attribute__((vector_size({bytes})));
typedef V U __attribute__((aligned(8), may_alias));

static void tally(Word *restrict toggles, Word *restrict highs, Word *restrict before, const Word *restrict now)
{{
  for (int word = 0; word < {words} * {tallied}; word++)
  {{
    toggles[word] += __builtin_popcountll(now[word] ^ before[word]);
    highs[word] += __builtin_popcountll(now[word]);
    before[word] = now[word];
  }}
}}

void run(long blocks, long cycles, const U *pins, U *state, const U *mutants, U *shown, Word *toggles, Word *highs)
{{
  const V zero = {{0}}, one = ~zero;
  Word values[{words} * {tallied} + 1], before[{words} * {tallied} + 1];
  U *now = (U *)values;
  (void)one, (void)mutants;
  for (long block = 0; block < blocks; block++, state += {registers})
  {{
    {load}
    for (long cycle = 0; cycle < cycles; cycle++, pins += {pins}, shown += {outputs})
    {{
      {body}
      if (cycle == 0)
        __builtin_memcpy(before, values, sizeof before);
      tally(toggles, highs, before, values);
    }}
    {store}
  }}
}}
"""


class BitSliced:
    """A netlist and any number of its mutants, as compiled code.

    count_toggles: also counts each net's changes and the cycles in which it is 1, which takes longer.
    Raises CompilerError if there is no C compiler.
    """

    def __init__(self, gates: Gates, mutants: Sequence[Mutant] = (), *, count_toggles: bool = False) -> None:
        self.gates = gates
        self.mutants = tuple(mutants)
        self.nets = tuple(found.target for found in gates.assignments if found.target.startswith("n"))
        self._pins = sum(gates.inputs.values())
        self._counted = count_toggles
        self._toggles = torch.zeros(len(self.nets), WORDS, dtype=torch.int64)
        self._highs = torch.zeros_like(self._toggles)
        self._library = compile_library(_source(gates, self.mutants, self.nets if count_toggles else ()))
        self.cycles = 0
        self.seconds = 0.0

    @property
    def rate(self) -> float:
        """Cycles per second so far, of all lanes together, on one core."""
        return self.cycles / self.seconds

    @property
    def toggles(self) -> dict[str, int]:
        """Changes of each net from one cycle of a run to the next, of all lanes and runs together, by name.

        Raises ValueError unless toggles are counted.
        """
        return self._by_name(self._toggles)

    @property
    def highs(self) -> dict[str, int]:
        """Cycles in which each net was 1, of all lanes and runs together, by name. Raises ValueError as `toggles`."""
        return self._by_name(self._highs)

    def forget(self) -> None:
        """Resets the counts of toggles and ones to 0."""
        self._toggles.zero_()
        self._highs.zero_()

    def _by_name(self, counts: Tensor) -> dict[str, int]:
        if not self._counted:
            raise ValueError("toggles are not counted; pass count_toggles=True")
        pairs = zip(self.nets, counts.sum(1).tolist(), strict=True)
        return {self.gates.net_names[net]: count for net, count in pairs}

    def initial_state(self, blocks: int) -> Tensor:
        """Returns registers that are all 0: planes of shape (blocks, registers, WORDS)."""
        return torch.zeros(blocks, self.gates.registers, WORDS, dtype=torch.int64)

    def run(self, pins: Tensor, state: Tensor, chosen: Tensor | None = None) -> Tensor:
        """Runs cycles and returns planes of the output ports in each: (blocks, cycles, outputs, WORDS).

        pins: planes of the input ports, (blocks, cycles, pins, WORDS), in the order of `gates.sources`.
        state: planes of the registers, (blocks, registers, WORDS); updated in place.
        chosen: planes that select the lanes of each mutant, (mutants, WORDS), for all blocks; no lanes if left out.
        All are int64. Raises ValueError for planes of another type or shape, or that are not contiguous.
        """
        blocks, cycles = pins.shape[:2]
        if chosen is None:
            chosen = torch.zeros(len(self.mutants), WORDS, dtype=torch.int64)
        expected = {
            "pins": (pins, (blocks, cycles, self._pins, WORDS)),
            "state": (state, (blocks, self.gates.registers, WORDS)),
            "chosen": (chosen, (len(self.mutants), WORDS)),
        }
        for name, (planes, shape) in expected.items():
            if planes.shape != shape or planes.dtype != torch.int64 or not planes.is_contiguous():
                raise ValueError(
                    f"{name} has the shape {tuple(planes.shape)}; allowed is contiguous int64 of the shape {shape}"
                )
        shown = torch.empty(blocks, cycles, len(self.gates.shown), WORDS, dtype=torch.int64)
        started = time.perf_counter()
        self._library.run(
            ctypes.c_long(blocks),
            ctypes.c_long(cycles),
            *(
                ctypes.c_void_p(planes.data_ptr())
                for planes in (pins, state, chosen, shown, self._toggles, self._highs)
            ),
        )
        self.seconds += time.perf_counter() - started
        self.cycles += blocks * cycles * 64 * WORDS
        return shown


def _source(gates: Gates, mutants: tuple[Mutant, ...], tallied: tuple[str, ...]) -> str:
    places = {net: place for place, net in enumerate(tallied)}
    by_site: dict[int, list[int]] = {}
    for number, mutant in enumerate(mutants):
        by_site.setdefault(mutant.site, []).append(number)
    pins = sum(gates.inputs.values())
    body = [f"V i{bit} = pins[{bit}];" for bit in range(pins)]
    for site, found in enumerate(gates.assignments):
        body.append(f"V {found.target} = {found.text()};")
        if site in by_site:
            changes = (f"(({found.target} ^ {found.text(mutants[n].function)}) & mutants[{n}])" for n in by_site[site])
            body.append(f"{found.target} ^= {' | '.join(changes)};")
        if found.target in places:
            body.append(f"now[{places[found.target]}] = {found.target};")
    body += [f"shown[{place}] = {net};" for place, net in enumerate(gates.shown)]
    body += [f"s{register} = d{register};" for register in range(gates.registers)]
    registers = range(gates.registers)
    return _CODE.format(
        bytes=8 * WORDS,
        words=WORDS,
        tallied=len(tallied),
        registers=gates.registers,
        pins=pins,
        outputs=len(gates.shown),
        load="\n    ".join(f"V s{register} = state[{register}];" for register in registers),
        body="\n      ".join(body),
        store="\n    ".join(f"state[{register}] = s{register};" for register in registers),
    )
