"""Operand streams of a multiply-accumulate unit: the building blocks of stimuli."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from hw.mac.design import MacDesign
from sim.mac.golden import Cycles


@dataclass(frozen=True)
class Stimulus:
    """Input cycles, and a sum to start from where no dot product of reasonable length reaches it.

    preload: value put into the accumulator register before the first cycle, or None.
    """

    cycles: Cycles
    preload: int | None = None


def dot_products(activations: Tensor, weights: Tensor) -> Cycles:
    """Returns the cycles of a batch of dot products, one after another; operands of shape (dots, length)."""
    first = torch.zeros_like(activations)
    first[:, 0] = 1
    ones = torch.ones(activations.numel(), dtype=torch.int64)
    return Cycles(0 * ones, ones, first.flatten(), activations.flatten().long(), weights.flatten().long())


def repeat(count: int, activation: int, weight: int) -> Cycles:
    """Returns `count` cycles with the same operands, none of which starts a dot product."""
    ones = torch.ones(count, dtype=torch.int64)
    return Cycles(0 * ones, ones, 0 * ones, activation * ones, weight * ones)


def bubbles(design: MacDesign, count: int) -> Cycles:
    """Returns cycles with every pin at 0, hence without `enable`; a 1-bit weight then reads -1."""
    zeros = torch.zeros(count, dtype=torch.int64)
    return Cycles(zeros, zeros, zeros, zeros, zeros - int(design.weight_bits == 1))


def join(parts: list[Cycles]) -> Cycles:
    """Concatenates cycles."""
    return Cycles(*(torch.cat([getattr(part, field) for part in parts]) for field in Cycles.__dataclass_fields__))


def random_operands(design: MacDesign, shape: tuple[int, ...], generator: Generator) -> tuple[Tensor, Tensor]:
    """Draws activations and weights uniformly, int64 of the given shape."""
    weights = design.weight_range
    drawn = torch.randint(len(weights), shape, generator=generator)
    return torch.randint(len(design.activation_range), shape, generator=generator), weights[0] + weights.step * drawn


def random_cycles(design: MacDesign, count: int, reset_rate: float, generator: Generator) -> Cycles:
    """Draws operands and control: half of the cycles enabled, one in twenty a `first`, resets at `reset_rate`."""
    reset = (torch.rand(count, generator=generator) < reset_rate).long()
    enable = torch.randint(2, (count,), generator=generator)
    first = (torch.rand(count, generator=generator) < 0.05).long()
    return Cycles(reset, enable, first, *random_operands(design, (count,), generator))


def flush(design: MacDesign) -> int:
    """Returns a number of bubbles that surely empties the unit's pipeline."""
    return 8 + design.settle


def paced(design: MacDesign, stimuli: list[Stimulus]) -> list[Stimulus]:
    """Returns the stimuli, and for units that have to settle each again with bubbles that let every sum be seen."""
    if not design.settle:
        return stimuli
    return [*stimuli, *(Stimulus(_spread(design, one.cycles), one.preload) for one in stimuli)]


def _spread(design: MacDesign, cycles: Cycles) -> Cycles:
    """Follows each cycle by as many bubbles as the unit needs to settle."""
    idle = bubbles(design, design.settle)
    columns = {}
    for field in Cycles.__dataclass_fields__:
        rest = getattr(idle, field).expand(len(cycles), -1)
        columns[field] = torch.cat([getattr(cycles, field)[:, None], rest], dim=1).flatten()
    return Cycles(**columns)
