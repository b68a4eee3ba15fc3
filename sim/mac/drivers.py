"""The bench inside the simulator: plays stimuli, records the pins, compares them, counts coverage."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from cocotb.triggers import FallingEdge, ReadWrite, RisingEdge
from torch import Tensor

from hw.mac.design import MacDesign
from hw.mac.parts import ACCUMULATOR
from sim.mac.coverage import bins, count_hits
from sim.mac.golden import Cycles, accumulate, expected_outputs
from sim.mac.streams import Stimulus, bubbles, flush, join, paced

_UNKNOWN_SUM, _UNKNOWN_OUT, _RESET, _ENABLE, _FIRST = 63, 62, 34, 33, 32
_PIN_BITS = 16


@dataclass(frozen=True)
class Recording:
    """One unit's pins just before each rising clock edge; tensors of shape (cycles,)."""

    inputs: Cycles
    sum: Tensor
    sum_unknown: Tensor
    out: Tensor
    out_unknown: Tensor


@dataclass(frozen=True)
class Mismatch:
    """The first cycle of a stimulus in which an output differs from the golden model; got is None if unknown (X)."""

    stimulus: str
    cycle: int
    signal: str
    expected: int
    got: int | None


@dataclass
class Verdict:
    """Cycles compared, cycles that differ, each stimulus's first difference, and hits of each coverage bin."""

    vectors: int = 0
    mismatches: int = 0
    first_mismatches: list[Mismatch] = field(default_factory=list)
    coverage: Counter[str] = field(default_factory=Counter)

    def record(self) -> dict[str, Any]:
        """Returns the verdict as plain JSON values."""
        return asdict(self) | {"coverage": dict(self.coverage)}


class MacBench:
    """Plays stimuli through bench.v and compares its units with the golden model.

    lanes: units in the bench, each of which plays its own stimulus.
    preload: whether the accumulator registers can be set from outside.
    verdict: the record to which every check adds.
    """

    def __init__(self, dut: Any, design: MacDesign, lanes: int, preload: bool, verdict: Verdict) -> None:
        self.dut = dut
        self.design = design
        self.lanes = lanes
        self.preload = preload
        self.verdict = verdict
        self.bins = bins(design, preload)

    async def check(self, name: str, stimuli: list[Stimulus]) -> None:
        """Plays and compares stimuli; skips those with a preload if the accumulator cannot be set."""
        self.dut.playing.value = int.from_bytes(name.encode(), "big")
        offered = paced(self.design, stimuli)
        playable = [stimulus for stimulus in offered if self.preload or stimulus.preload is None]
        for start in range(0, len(playable), self.lanes):
            batch = playable[start : start + self.lanes]
            for stimulus, recording in zip(batch, await self._play(batch), strict=True):
                self._compare(name, stimulus, recording)

    async def _play(self, batch: list[Stimulus]) -> list[Recording]:
        """Plays one stimulus per lane, filled up with bubbles; lanes without a stimulus play bubbles alone."""
        for lane, stimulus in enumerate(batch):
            if stimulus.preload is not None:
                accumulator = getattr(self.dut.lane[lane].unit, ACCUMULATOR)
                accumulator.sum.value = stimulus.preload
                if self.design.settle:
                    accumulator.carries.value = 0
                await ReadWrite()
        longest = max(len(stimulus.cycles) for stimulus in batch)
        words = torch.zeros(longest, self.lanes, dtype=torch.int64)
        for lane, stimulus in enumerate(batch):
            words[: len(stimulus.cycles), lane] = self._encode(stimulus.cycles)
        words.numpy().astype(">i8").tofile("stimulus.bin")
        self.dut.go.value = 1
        await RisingEdge(self.dut.done)
        recordings = [self._decode(rows) for rows in self._read(Path("response.bin"))[: len(batch)]]
        self.dut.go.value = 0
        await FallingEdge(self.dut.done)
        idle = flush(self.design)
        if any(len(recording.sum) != longest + idle for recording in recordings):
            raise AssertionError(f"recorded {len(recordings[0].sum)} cycles of {longest} and {idle} bubbles")
        return recordings

    def _read(self, path: Path) -> Tensor:
        """Reads the monitor's words, (lanes, 3, cycles): inputs, sum, out. Removes the file, which can be large."""
        words = torch.from_numpy(np.fromfile(path, dtype="<i8"))
        path.unlink()
        return words.view(-1, self.lanes, 3).permute(1, 2, 0).contiguous()

    def _compare(self, name: str, stimulus: Stimulus, seen: Recording) -> None:
        """Compares every defined output with the model, which is fed from the monitored inputs."""
        idle = len(seen.inputs) - len(stimulus.cycles)
        played = join([stimulus.cycles, bubbles(self.design, idle)])
        for pin in Cycles.__dataclass_fields__:
            if not torch.equal(getattr(seen.inputs, pin), getattr(played, pin)):
                raise AssertionError(f"{name}: the unit's {pin} pin did not carry the stimulus")
        steps = accumulate(self.design, seen.inputs, stimulus.preload)
        expected = expected_outputs(self.design, steps, stimulus.preload)
        wrong_sum = expected.sum_known & (seen.sum_unknown | (seen.sum != expected.sum))
        wrong_out = expected.out_known & (seen.out_unknown | (seen.out != expected.out))
        self.verdict.vectors += int(expected.sum_known.count_nonzero())
        self.verdict.mismatches += int((wrong_sum | wrong_out).count_nonzero())
        for signal, wrong in (("sum", wrong_sum), ("out", wrong_out)):
            if wrong.any():
                cycle = int(wrong.nonzero()[0])
                got = None if getattr(seen, f"{signal}_unknown")[cycle] else int(getattr(seen, signal)[cycle])
                mismatch = Mismatch(name, cycle, signal, int(getattr(expected, signal)[cycle]), got)
                self.verdict.first_mismatches.append(mismatch)
        hits = count_hits(self.design, seen.inputs, steps)
        self.verdict.coverage.update({name: hits[name] for name in self.bins})

    def _encode(self, cycles: Cycles) -> Tensor:
        """Returns the input words of bench.v."""
        words = cycles.activation << _PIN_BITS
        for pin, position in ((cycles.first, _FIRST), (cycles.enable, _ENABLE), (cycles.reset, _RESET)):
            words |= pin << position
        weight_bits = self.design.weight_bits
        return words | (cycles.weight > 0 if weight_bits == 1 else cycles.weight & ((1 << weight_bits) - 1))

    def _decode(self, rows: Tensor) -> Recording:
        """Returns the recording in one lane's words, (3, cycles)."""
        pins, total, out = rows
        reset, enable, first, sum_unknown, out_unknown = (
            (pins >> position) & 1 for position in (_RESET, _ENABLE, _FIRST, _UNKNOWN_SUM, _UNKNOWN_OUT)
        )
        mask = (1 << _PIN_BITS) - 1
        weight = pins & mask
        sign = 1 << (self.design.weight_bits - 1)
        weight = 2 * weight - 1 if self.design.weight_bits == 1 else (weight ^ sign) - sign
        inputs = Cycles(reset, enable, first, (pins >> _PIN_BITS) & mask, weight)
        return Recording(inputs, total, sum_unknown.bool(), out, out_unknown.bool())
