"""Functional coverage of a multiply-accumulate unit: the bins of the test plan, and their hits.

Hits are counted from the monitored pins, never from the stimulus. docs/testplan.md explains the bins.
"""

import torch
from torch import Tensor

from hw.mac.design import MacDesign
from models.arithmetic import wrap
from sim.mac.golden import Accumulation, Cycles
from sim.mac.landmarks import LONGEST_DOT, activation_corners, landmarks, weight_corners, within_reach


def bins(design: MacDesign, preload: bool) -> list[str]:
    """Returns the names of the bins that a run on this design must hit.

    preload: whether the accumulator register can be set from outside; if not, sums that no dot product of LONGEST_DOT
    terms reaches are left out.
    """
    reachable = {name for name, value in landmarks(design).items() if preload or within_reach(design, value)}
    names = [
        f"operands: {activation} x {weight}"
        for activation in activation_corners(design)
        for weight in weight_corners(design)
    ]
    names += ["length: 1", f"length: {LONGEST_DOT}", "wraps: none"]
    if {"lowest", "highest"} <= reachable:
        names += ["wraps: up", "wraps: down", "wraps: several", "control: first on a wrap"]
    names += [f"sum: {name}" for name in landmarks(design) if name in reachable]
    if design.slope is not None:
        names += ["cyclic: middle"]
        names += ["cyclic: lower arm"] * ("lower fold, outside" in reachable)
        names += ["cyclic: upper arm"] * ("upper fold, outside" in reachable)
    names += ["control: gap in a dot product", "control: first without enable", "control: reset in mid-stream"]
    return names


def count_hits(design: MacDesign, cycles: Cycles, steps: Accumulation) -> dict[str, int]:
    """Returns how often `cycles`, with their sums from `sim.mac.golden.accumulate`, hit each bin."""
    live = (cycles.enable == 1) & (cycles.reset == 0)
    hits = _operand_hits(design, cycles, live)
    hits |= _dot_hits(design, steps, live)
    hits |= _sum_hits(design, steps)
    running = steps.known & ~steps.restart
    gap = (cycles.enable == 0) & (cycles.reset == 0) & running
    hits["control: gap in a dot product"] = _count(gap & (steps.after != 0))
    hits["control: first without enable"] = _count(gap & (cycles.first == 1) & (steps.after != 0))
    hits["control: reset in mid-stream"] = _count((cycles.reset == 1) & steps.known & (steps.before != 0))
    return hits


def _operand_hits(design: MacDesign, cycles: Cycles, live: Tensor) -> dict[str, int]:
    activations, weights = activation_corners(design), weight_corners(design)
    row = _positions(cycles.activation, activations, design.activation_range)
    column = _positions(cycles.weight, weights, design.weight_range)
    pair = torch.where(live, row * (len(weights) + 1) + column, 0)
    counts = torch.bincount(pair, minlength=(len(activations) + 1) * (len(weights) + 1))
    table: list[list[int]] = counts.view(len(activations) + 1, len(weights) + 1)[1:, 1:].tolist()
    return {
        f"operands: {activation} x {weight}": table[i][j]
        for i, activation in enumerate(activations)
        for j, weight in enumerate(weights)
    }


def _positions(values: Tensor, wanted: list[int], allowed: range) -> Tensor:
    """Returns the place of each value among `wanted`, counted from 1, or 0 if it is not among them."""
    places = torch.zeros(allowed[-1] - allowed[0] + 1, dtype=torch.int64)
    places[torch.tensor(wanted) - allowed[0]] = torch.arange(1, len(wanted) + 1)
    return places[values - allowed[0]]


def _dot_hits(design: MacDesign, steps: Accumulation, live: Tensor) -> dict[str, int]:
    """Counts the lengths of dot products and the wraps within each."""
    # The accumulator adds the low bits of a product wider than itself.
    addend = wrap(steps.product, design.accumulator_bits)
    up = (steps.before >= 0) & (addend > 0) & (steps.after < 0)
    down = (steps.before < 0) & (addend < 0) & (steps.after >= 0)
    wrapped = ~steps.restart & steps.known & (up | down)
    dot = steps.restart.cumsum(0)  # 0 runs before the first restart, from a preloaded sum
    dots = int(dot[-1]) + 1
    length = torch.zeros(dots, dtype=torch.int64).index_add(0, dot, (live & steps.known).long())
    wraps = torch.zeros(dots, dtype=torch.int64).index_add(0, dot, wrapped.long())
    # Would the product have wrapped the sum that a `first` ends?
    uncut = wrap(steps.before + addend, design.accumulator_bits)
    cut_up = (steps.before >= 0) & (addend > 0) & (uncut < 0)
    cut_down = (steps.before < 0) & (addend < 0) & (uncut >= 0)
    defined_before = torch.cat([torch.tensor([False]), steps.known[:-1]])
    return {
        "length: 1": _count(length[1:] == 1),
        f"length: {LONGEST_DOT}": _count(length[1:] == LONGEST_DOT),
        "wraps: none": _count((wraps == 0) & (length > 1)),
        "wraps: up": _count(wrapped & up),
        "wraps: down": _count(wrapped & down),
        "wraps: several": _count(wraps > 1),
        "control: first on a wrap": _count(steps.restart & live & defined_before & (cut_up | cut_down)),
    }


def _sum_hits(design: MacDesign, steps: Accumulation) -> dict[str, int]:
    sums = steps.after[steps.known]
    hits = {f"sum: {name}": _count(sums == value) for name, value in landmarks(design).items()}
    if design.slope is not None:
        hits["cyclic: middle"] = _count(sums.abs() <= design.threshold)
        hits["cyclic: lower arm"] = _count(sums < -design.threshold)
        hits["cyclic: upper arm"] = _count(sums > design.threshold)
    return hits


def _count(hit: Tensor) -> int:
    return int(hit.count_nonzero())
