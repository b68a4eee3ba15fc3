"""Sums of accumulators that share machine words, whose carries run into the neighbouring lane (section 2.6.1)."""

from collections.abc import Callable

import torch
from torch import Tensor

from models.arithmetic.carries import carries, lane_carries
from models.quantization.accumulators import Accumulator
from models.quantization.straight_through import straight_through


def training_carries(
    accumulate: Callable[[Tensor, Tensor], Tensor], values: Tensor, weight: Tensor, sums: Tensor, bits: int
) -> Tensor:
    """The carries of each sum as training simulates them, with gradients.

    accumulate: sums of products of values and weights. values: integer activations. weight: -1, 0 and 1. sums: what
    they add up to. bits: of a lane.
    """
    negatives = accumulate(values.clamp(min=0).sign(), (weight < 0).to(weight.dtype))
    if (values < 0).any():
        negatives = negatives + accumulate((-values).clamp(min=0).sign(), (weight > 0).to(weight.dtype))
    # The sign of a product, softened: weights are -1, 0 and 1, so tanh of a product is the weight times tanh.
    soft = -0.5 * accumulate(torch.tanh(values), weight)
    return simulated_carries(sums, straight_through(soft, negatives), bits)


def packed_carries(terms: Tensor, weight: Tensor, accumulator: Accumulator) -> Tensor:
    """The carries that a machine makes, whose top lane's carries are lost: (batch, out, positions), int64.

    terms, weight: see `lane_sums`.
    """
    lanes = lane_sums(terms, weight, accumulator.bits, accumulator.word_bits)
    return lane_carries(lanes, accumulator.bits).transpose(1, 2)


def simulated_carries(sums: Tensor, negatives: Tensor, bits: int) -> Tensor:
    """The number of carries of each sum if all are added back (Algorithm 1), as training simulates it.

    sums: true sums. negatives: the number of negative terms of each sum. Both are floats that hold integers;
    gradients flow as if nothing were rounded.
    """
    unsigned = sums.detach().long() + (negatives.detach().long() << bits)
    exact = carries(unsigned, bits)[0].to(sums.dtype)
    smooth = (sums + (1 << bits) * negatives) / ((1 << bits) - 1)
    return straight_through(smooth, exact)


def lane_sums(terms: Tensor, weight: Tensor, bits: int, word_bits: int) -> Tensor:
    """The unsigned sum of each lane: (batch, positions, out, lanes), int64.

    terms: the activations at each position, (batch, positions, length). weight: (out, length). Both are floats that
    hold integers. Product i goes to lane i % lanes and is read as an unsigned `bits`-bit number.
    """
    lanes = word_bits // bits
    sums = []
    for lane in range(lanes):
        activations, factors = terms[..., lane::lanes], weight[:, lane::lanes]
        negatives = count_negatives(activations, factors)
        sums.append((activations @ factors.T).long() + (negatives.long() << bits))
    return torch.stack(sums, -1)


def count_negatives(activations: Tensor, factors: Tensor) -> Tensor:
    """The number of negative products: (..., length) and (out, length) to (..., out)."""
    count = (activations > 0).to(factors.dtype) @ (factors < 0).to(factors.dtype).T
    if (activations < 0).any():
        count = count + (activations < 0).to(factors.dtype) @ (factors > 0).to(factors.dtype).T
    return count
