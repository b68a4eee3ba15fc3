"""The families of stimuli for a multiply-accumulate unit, and the dot products of a trained layer.

Each function returns a list of `Stimulus`; `families` names them. Everything random is a function of the seed.
"""

from collections.abc import Callable

import torch
from torch import Generator

from hw.mac.design import MacDesign
from models.arithmetic import wrap
from models.integer_network.layer import LayerExport
from sim.mac.golden import Cycles
from sim.mac.landmarks import LONGEST_DOT, activation_corners, landmarks, lead_in, strongest, weight_corners
from sim.mac.streams import Stimulus, bubbles, dot_products, join, random_cycles, random_operands, repeat

EXHAUSTIVE_BITS = 16
"""Operand pairs, or sums, of at most this many bits are all tried."""


def corners(design: MacDesign, _seed: int) -> list[Stimulus]:
    """Plays every pair of corner operands after every other, in dot products of length 2 and in one long one."""
    pairs = torch.cartesian_prod(torch.tensor(activation_corners(design)), torch.tensor(weight_corners(design)))
    count = len(pairs)
    ordered = torch.cartesian_prod(torch.arange(count), torch.arange(count))
    short = dot_products(pairs[ordered, 0], pairs[ordered, 1])
    long = dot_products(pairs[ordered.flatten(), 0][None], pairs[ordered.flatten(), 1][None])
    return [Stimulus(join([short, long]))]


def products(design: MacDesign, seed: int) -> list[Stimulus]:
    """Plays every operand pair as a dot product of length 1; 2^EXHAUSTIVE_BITS random ones where there are more."""
    if design.activation_bits + design.weight_bits <= EXHAUSTIVE_BITS:
        pairs = torch.cartesian_prod(torch.tensor(design.activation_range), torch.tensor(design.weight_range))
        return [Stimulus(dot_products(pairs[:, :1], pairs[:, 1:]))]
    drawn = random_operands(design, (1 << EXHAUSTIVE_BITS, 1), Generator().manual_seed(seed))
    return [Stimulus(dot_products(*drawn))]


def sums(design: MacDesign, _seed: int) -> list[Stimulus]:
    """Counts through every sum, up and down; in wide accumulators visits the landmarks and their neighbours."""
    if design.accumulator_bits <= EXHAUSTIVE_BITS:
        up = torch.ones(1, (1 << design.accumulator_bits) + 1, dtype=torch.int64)
        return [Stimulus(join([dot_products(up, up), dot_products(up, -up)]))]
    return [_near(design, value) for value in landmarks(design).values()]


def wraps(design: MacDesign, _seed: int) -> list[Stimulus]:
    """Drives the sum over the top and the bottom and back, and plays a `first` just where a wrap would come."""
    stimuli = []
    for end, sign in ((design.accumulator_range[-1], 1), (design.accumulator_range[0], -1)):
        lead = lead_in(design, end)
        over, back = repeat(8, *strongest(design, sign)), repeat(16, *strongest(design, -sign))
        restart = repeat(4, *strongest(design, sign))
        restart.first[0] = 1
        for tail in (join([over, back, over]), restart):
            stimuli.append(Stimulus(join([lead.cycles, tail]), lead.preload))
    return stimuli


def carries(design: MacDesign, seed: int, rounds: int = 4) -> list[Stimulus]:
    """Sends carries and borrows from the lowest bit up to each bit above the product's, where they end.

    Returns nothing for accumulators of up to EXHAUSTIVE_BITS bits, in which `sums` tries every sum.
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
    """Plays random dot products, log-uniform in length from 1 to LONGEST_DOT, with both of these among them."""
    generator = Generator().manual_seed(seed)
    lengths = [1, LONGEST_DOT]
    while sum(lengths) < cycles:
        lengths.append(round(LONGEST_DOT ** torch.rand(1, generator=generator).item()))
    return [Stimulus(join([dot_products(*random_operands(design, (1, length), generator)) for length in lengths]))]


def gaps(design: MacDesign, seed: int, cycles: int = 10_000) -> list[Stimulus]:
    """Plays random operands with `enable` and `first` at random."""
    generator = Generator().manual_seed(seed)
    return [Stimulus(random_cycles(design, cycles, 0.0, generator))]


def resets(design: MacDesign, seed: int, cycles: int = 10_000) -> list[Stimulus]:
    """Plays random operands with `enable`, `first` and resets at random."""
    generator = Generator().manual_seed(seed)
    return [Stimulus(random_cycles(design, cycles, 0.02, generator))]


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
    """Returns `dots` dot products of a trained layer in at most `shares` stimuli. Raises what `check_operands` does."""
    check_operands(design, layer)
    activations, weights = layer.dot_products(dots, seed)
    parts = zip(activations.tensor_split(shares), weights.tensor_split(shares), strict=True)
    return [Stimulus(dot_products(*part)) for part in parts if len(part[0])]


def families() -> dict[str, Callable[[MacDesign, int], list[Stimulus]]]:
    """Returns the stimuli that every unit gets, by name, as functions of the design and a seed."""
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


def _near(design: MacDesign, value: int) -> Stimulus:
    """Returns two steps of one down from `value` and four up, which visit it and its neighbours."""
    lead = lead_in(design, value)
    return Stimulus(join([lead.cycles, repeat(2, 1, -1), repeat(4, 1, 1), bubbles(design, 4)]), lead.preload)


def _up_and_down(design: MacDesign, sign: int) -> Cycles:
    """Returns one step of 1 up (sign 1) or down and back, then the same with the strongest products, and bubbles."""
    small = [repeat(1, 1, sign), repeat(1, 1, -sign)]
    large = [repeat(1, *strongest(design, sign)), repeat(2, *strongest(design, -sign))]
    return join([*small, *large, bubbles(design, 4)])
