"""Bit-exact model of a multiply-accumulate unit, clock cycle by clock cycle.

It models the documented behaviour (hw.mac.unit) with whole-tensor integer functions on top of models.arithmetic, and
shares nothing with the hardware but its latencies: products are exact, and only the sum wraps.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from hw.mac.design import MacDesign
from models.arithmetic import cyclic, wrap


@dataclass(frozen=True)
class Cycles:
    """A unit's input pins at each rising clock edge: int64 tensors (cycles,), or (cycles, lanes) for several units.

    reset, enable, first: 0 or 1. activation: unsigned. weight: the signed value, of 1-bit weights as well.
    """

    reset: Tensor
    enable: Tensor
    first: Tensor
    activation: Tensor
    weight: Tensor

    def __len__(self) -> int:
        return len(self.activation)

    def __getitem__(self, index: Any) -> "Cycles":
        """Returns the cycles, or lanes, at any index that tensors take."""
        return Cycles(*(getattr(self, field)[index].contiguous() for field in self.__dataclass_fields__))


@dataclass(frozen=True)
class Accumulation:
    """The steps of the accumulator, one per cycle of operands: tensors of shape (cycles,).

    product: the exact product that the cycle adds; 0 for a bubble or reset.
    restart: whether the cycle starts from 0 (reset, or `first` with `enable`).
    before: the sum before the cycle and before any restart.
    after: the sum after the cycle.
    known: whether the sum after the cycle is defined, that is, whether there has been a restart or a preload.
    live: whether the cycle's operands count.
    """

    product: Tensor
    restart: Tensor
    before: Tensor
    after: Tensor
    known: Tensor
    live: Tensor


@dataclass(frozen=True)
class Outputs:
    """A unit's outputs just before each rising clock edge, and whether they are defined: tensors (cycles,)."""

    sum: Tensor
    sum_known: Tensor
    out: Tensor
    out_known: Tensor


def accumulate(design: MacDesign, cycles: Cycles, preload: int | None = None) -> Accumulation:
    """Returns the sums that the unit forms from `cycles`, starting from the sum `preload` or from an unknown state."""
    live = (cycles.enable == 1) & (cycles.reset == 0)
    product = torch.where(live, cycles.activation * cycles.weight, 0)
    restart = (cycles.reset == 1) | (live & (cycles.first == 1))

    # The sum since the last restart is a difference of running totals. These may overflow int64, which is harmless:
    # arithmetic modulo 2^64 is exact once wrapped to the accumulator's width.
    start = torch.tensor(preload or 0)
    total = product.cumsum(0)
    position = torch.arange(len(cycles))
    last_restart = torch.where(restart, position, -1).cummax(0).values
    base = torch.where(last_restart < 0, -start, (total - product)[last_restart.clamp(min=0)])
    after = wrap(total - base, design.accumulator_bits)
    before = torch.cat([start[None], after[:-1]])
    known = (last_restart >= 0) | (preload is not None)
    return Accumulation(product, restart, before, after, known, live)


def expected_outputs(design: MacDesign, steps: Accumulation, preload: int | None = None) -> Outputs:
    """Returns the unit's outputs, cycle by cycle, for the steps of `accumulate`.

    Without a cyclic activation `out` is 0 and known, as the bench ties it to 0.
    """
    cycles = len(steps.after)
    latency = design.architecture.sum_latency
    # A sum shows from the edge after the one that forms it: `latency` rows after its operands.
    shown = torch.cat([torch.full((latency,), preload or 0), steps.after])
    settled = ~_recently(steps.live, design.settle)
    known = torch.cat([torch.full((latency,), preload is not None), steps.known & settled])
    if design.slope is None:
        out, out_known = torch.zeros(cycles, dtype=torch.int64), torch.ones(cycles, dtype=torch.bool)
    else:
        late = design.architecture.out_latency - latency
        out = torch.cat([torch.zeros(late, dtype=torch.int64), cyclic(shown, design.accumulator_bits, design.slope)])
        out_known = torch.cat([torch.zeros(late, dtype=torch.bool), known])
    return Outputs(shown[:cycles], known[:cycles], out[:cycles], out_known[:cycles])


def _recently(events: Tensor, cycles: int) -> Tensor:
    """Returns for each cycle whether it or one of the `cycles` - 1 before it had an event."""
    count = torch.cat([torch.zeros(cycles, dtype=torch.int64), events.cumsum(0)])
    return count[cycles:] > count[: len(events)]
