"""Stimuli for a multiply-accumulate unit: corners, all products, all sums, random dot products, trained layers.

Each function returns a list of `Stimulus`; `families` names them all. Everything random comes from a seed.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from hw.mac.design import MacDesign
from models.arithmetic import wrap
from models.integer_network.layer import LayerExport
from sim.mac.golden import Cycles

LONGEST_DOT = 4608
"""Longest dot product tried: the 512 x 3 x 3 of a ResNet-18 layer."""

EXHAUSTIVE_BITS = 16
"""Of up to so many input bits, all combinations are tried."""


@dataclass(frozen=True)
class Stimulus:
    """Input cycles and, where no dot product of LONGEST_DOT terms gets there, a sum to start from.

    preload: value to put into the accumulator register before the first cycle, or None.
    """

    cycles: Cycles
    preload: int | None = None


def dot_products(activations: Tensor, weights: Tensor) -> Cycles:
    """The cycles of a batch of dot products, one after another: operands of shape (dots, length)."""
    first = torch.zeros_like(activations)
    first[:, 0] = 1
    ones = torch.ones(activations.numel(), dtype=torch.int64)
    return Cycles(0 * ones, ones, first.flatten(), activations.flatten().long(), weights.flatten().long())


def join(parts: list[Cycles]) -> Cycles:
    """Cycles one after another."""
    return Cycles(*(torch.cat([getattr(part, field) for part in parts]) for field in Cycles.__dataclass_fields__))


def bubbles(design: MacDesign, count: int) -> Cycles:
    """Cycles with every pin at 0, so without `enable`; a 1-bit weight then reads -1."""
    zeros = torch.zeros(count, dtype=torch.int64)
    return Cycles(zeros, zeros, zeros, zeros, zeros - int(design.weight_bits == 1))


def flush(design: MacDesign) -> int:
    """Bubbles after which nothing is left in a unit's pipeline, with some to spare."""
    return 8 + design.settle


def paced(design: MacDesign, stimuli: list[Stimulus]) -> list[Stimulus]:
    """For units that have to settle, the stimuli also with bubbles after every cycle, so that every sum is seen."""
    if not design.settle:
        return stimuli
    return [*stimuli, *(Stimulus(_spread(design, one.cycles), one.preload) for one in stimuli)]


def _spread(design: MacDesign, cycles: Cycles) -> Cycles:
    """Each cycle followed by as many bubbles as the unit needs to settle."""
    idle = bubbles(design, design.settle)
    columns = {}
    for field in Cycles.__dataclass_fields__:
        rest = getattr(idle, field).expand(len(cycles), -1)
        columns[field] = torch.cat([getattr(cycles, field)[:, None], rest], dim=1).flatten()
    return Cycles(**columns)


def activation_corners(design: MacDesign) -> list[int]:
    """The smallest, the next and the largest activations."""
    allowed = design.activation_range
    return sorted({0, 1, allowed[-1] - 1, allowed[-1]})


def weight_corners(design: MacDesign) -> list[int]:
    """The weights of largest magnitude, and those around 0."""
    allowed = design.weight_range
    return sorted({allowed[0], allowed[-1], *(value for value in (-1, 0, 1) if value in allowed)})


def corners(design: MacDesign, _seed: int) -> list[Stimulus]:
    """Every corner operand pair after every other, as dot products of length 2 and as one long one."""
    pairs = torch.cartesian_prod(torch.tensor(activation_corners(design)), torch.tensor(weight_corners(design)))
    count = len(pairs)
    ordered = torch.cartesian_prod(torch.arange(count), torch.arange(count))
    short = dot_products(pairs[ordered, 0], pairs[ordered, 1])
    long = dot_products(pairs[ordered.flatten(), 0][None], pairs[ordered.flatten(), 1][None])
    return [Stimulus(join([short, long]))]


def products(design: MacDesign, seed: int) -> list[Stimulus]:
    """Every operand pair as a dot product of length 1, or 2^EXHAUSTIVE_BITS random pairs where there are more."""
    if design.activation_bits + design.weight_bits <= EXHAUSTIVE_BITS:
        pairs = torch.cartesian_prod(torch.tensor(design.activation_range), torch.tensor(design.weight_range))
        return [Stimulus(dot_products(pairs[:, :1], pairs[:, 1:]))]
    drawn = _operands(design, (1 << EXHAUSTIVE_BITS, 1), Generator().manual_seed(seed))
    return [Stimulus(dot_products(*drawn))]


def sums(design: MacDesign, _seed: int) -> list[Stimulus]:
    """Every value of the accumulator, up and down, or the neighbourhoods of those where something changes."""
    if design.accumulator_bits <= EXHAUSTIVE_BITS:
        up = torch.ones(1, (1 << design.accumulator_bits) + 1, dtype=torch.int64)
        return [Stimulus(join([dot_products(up, up), dot_products(up, -up)]))]
    return [_near(design, value) for value in landmarks(design).values()]


def wraps(design: MacDesign, _seed: int) -> list[Stimulus]:
    """Sums driven over the top and the bottom, back again, and a `first` just where a wrap would come."""
    stimuli = []
    for end, sign in ((design.accumulator_range[-1], 1), (design.accumulator_range[0], -1)):
        lead = lead_in(design, end)
        over, back = _repeat(8, *strongest(design, sign)), _repeat(16, *strongest(design, -sign))
        restart = _repeat(4, *strongest(design, sign))
        restart.first[0] = 1
        for tail in (join([over, back, over]), restart):
            stimuli.append(Stimulus(join([lead.cycles, tail]), lead.preload))
    return stimuli


def carries(design: MacDesign, seed: int, rounds: int = 4) -> list[Stimulus]:
    """Carries and borrows that run from the lowest bit up to each bit above the product's, and end there.

    Of sums with up to EXHAUSTIVE_BITS bits, `sums` tries all; for them there are none.
    """
    if design.accumulator_bits <= EXHAUSTIVE_BITS:
        return []
    generator = Generator().manual_seed(seed)
    stimuli = []
    for end in range(design.product_bits, design.accumulator_bits):
        above = torch.randint(1 << (design.accumulator_bits - end - 1), (rounds,), generator=generator) << (end + 1)
        full = wrap(above + ((1 << end) - 1), design.accumulator_bits)
        stimuli += [Stimulus(_up_and_down(design, 1), value) for value in full.tolist()]
        empty = wrap(full + 1, design.accumulator_bits)
        stimuli += [Stimulus(_up_and_down(design, -1), value) for value in empty.tolist()]
    return stimuli


def random_dots(design: MacDesign, seed: int, cycles: int = 60_000) -> list[Stimulus]:
    """Random dot products, log-uniform in length from 1 to LONGEST_DOT, both of these included."""
    generator = Generator().manual_seed(seed)
    lengths = [1, LONGEST_DOT]
    while sum(lengths) < cycles:
        lengths.append(round(LONGEST_DOT ** torch.rand(1, generator=generator).item()))
    return [Stimulus(join([dot_products(*_operands(design, (1, length), generator)) for length in lengths]))]


def gaps(design: MacDesign, seed: int, cycles: int = 10_000) -> list[Stimulus]:
    """Random operands and `first` while `enable` comes and goes at random."""
    generator = Generator().manual_seed(seed)
    return [Stimulus(_random_cycles(design, cycles, 0.0, generator))]


def resets(design: MacDesign, seed: int, cycles: int = 10_000) -> list[Stimulus]:
    """The same with resets in mid-stream."""
    generator = Generator().manual_seed(seed)
    return [Stimulus(_random_cycles(design, cycles, 0.02, generator))]


def check_operands(design: MacDesign, layer: LayerExport) -> None:
    """Raises ValueError if the integers of a trained layer do not fit the unit."""
    for operand, values, allowed in (
        ("activation", layer.activations, design.activation_range),
        ("weight", layer.weights, design.weight_range),
    ):
        outside = (values < allowed[0]) | (values > allowed[-1]) | ((values - allowed[0]) % allowed.step != 0)
        if outside.any():
            raise ValueError(
                f"the layer has the {operand} {int(values[outside][0])}; "
                f"{design.name} takes {allowed[0]} to {allowed[-1]}"
            )


def trained_layer(design: MacDesign, layer: LayerExport, dots: int, shares: int, seed: int) -> list[Stimulus]:
    """`dots` of a trained layer's dot products, in `shares` stimuli. Raises ValueError as `check_operands`."""
    check_operands(design, layer)
    activations, weights = layer.dot_products(dots, seed)
    parts = zip(activations.tensor_split(shares), weights.tensor_split(shares), strict=True)
    return [Stimulus(dot_products(*part)) for part in parts if len(part[0])]


def families() -> dict[str, Callable[[MacDesign, int], list[Stimulus]]]:
    """The stimuli that every unit gets, by name; each is called with the design and a seed."""
    return {
        "corners": corners,
        "products": products,
        "sums": sums,
        "wraps": wraps,
        "carries": carries,
        "random_dot_products": random_dots,
        "enable_gaps": gaps,
        "resets": resets,
    }


def landmarks(design: MacDesign) -> dict[str, int]:
    """Accumulator values at which the unit's behaviour changes, by name: its ends, zero, both sides of each fold."""
    values = design.accumulator_range
    named = {"lowest": values[0], "highest": values[-1], "zero": 0, "minus one": -1}
    if design.slope is not None:
        fold = design.threshold
        named |= {"upper fold, inside": fold, "lower fold, inside": -fold, "lower fold, outside": -fold - 1}
        if fold + 1 in values:
            named["upper fold, outside"] = fold + 1
    return named


def strongest(design: MacDesign, sign: int) -> tuple[int, int]:
    """The operands whose product, as the product register holds it, goes furthest up (sign 1) or down (-1)."""
    limit = (1 << (design.product_bits - 1)) - (sign > 0)
    activation = min(design.activation_range[-1], limit)
    weight = design.weight_range[-1 if sign > 0 else 0]
    return activation, sign * min(abs(weight), limit // activation)


def within_reach(design: MacDesign, value: int) -> bool:
    """Whether a dot product of at most LONGEST_DOT terms can reach `value` without a wrap."""
    return _terms(design, value) is not None


def lead_in(design: MacDesign, value: int) -> Stimulus:
    """Cycles that bring the sum to `value`; a preload where no dot product of LONGEST_DOT terms does."""
    terms = _terms(design, value)
    if terms is None:
        return Stimulus(bubbles(design, 2), preload=value)
    operands = torch.tensor(terms)
    return Stimulus(dot_products(operands[None, :, 0], operands[None, :, 1]))


def _near(design: MacDesign, value: int) -> Stimulus:
    """From `value` two steps of one down and four up, so that it and its neighbours are passed."""
    lead = lead_in(design, value)
    return Stimulus(join([lead.cycles, _repeat(2, 1, -1), _repeat(4, 1, 1), bubbles(design, 4)]), lead.preload)


def _up_and_down(design: MacDesign, sign: int) -> Cycles:
    """From a sum one step up (sign 1) or down, back again, and by the strongest products the same way."""
    small = [_repeat(1, 1, sign), _repeat(1, 1, -sign)]
    large = [_repeat(1, *strongest(design, sign)), _repeat(2, *strongest(design, -sign))]
    return join([*small, *large, bubbles(design, 4)])


def _terms(design: MacDesign, value: int) -> list[tuple[int, int]] | None:
    """Operand pairs whose products sum to `value`, the strongest as often as it fits; None if that is too many."""
    sign = 1 if value > 0 else -1
    activation, weight = strongest(design, sign)
    full, rest = divmod(abs(value), abs(activation * weight))
    if full + 2 > LONGEST_DOT:
        return None
    scale, rest = divmod(rest, activation)
    return [(activation, weight)] * full + [(activation, sign * scale)] * (scale > 0) + [(rest, sign)]


def _repeat(count: int, activation: int, weight: int) -> Cycles:
    ones = torch.ones(count, dtype=torch.int64)
    return Cycles(0 * ones, ones, 0 * ones, activation * ones, weight * ones)


def _operands(design: MacDesign, shape: tuple[int, ...], generator: Generator) -> tuple[Tensor, Tensor]:
    weights = design.weight_range
    drawn = torch.randint(len(weights), shape, generator=generator)
    return torch.randint(len(design.activation_range), shape, generator=generator), weights[0] + weights.step * drawn


def _random_cycles(design: MacDesign, count: int, reset_rate: float, generator: Generator) -> Cycles:
    reset = (torch.rand(count, generator=generator) < reset_rate).long()
    enable = torch.randint(2, (count,), generator=generator)
    first = (torch.rand(count, generator=generator) < 0.05).long()
    return Cycles(reset, enable, first, *_operands(design, (count,), generator))
