"""Carries between numbers packed into one machine word (dissertation 2.3.4 and 2.6.1).

Without vector instructions, several b-bit numbers share a word and are added together. Read as unsigned, a lane
that overflows hands a carry to the next lane. Terms are b-bit two's complement; u is the sum of their unsigned
readings.
"""

from typing import Literal

import torch
from torch import Tensor

from models.arithmetic.integers import wrap

WordBits = Literal[32, 64]


def unsigned_sum(terms: Tensor, bits: int) -> Tensor:
    """u: the sum over the last axis of `terms`, each read as an unsigned `bits`-bit number."""
    return _unsigned(terms, bits).sum(-1)


def carries(total: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    """How many carries adding up to u = `total` makes, and what remains, if every carry is added back (Algorithm 1).

    The loop of Algorithm 1 is end-around-carry arithmetic, so the remainder is u modulo 2^bits - 1 (that number
    itself, not 0, for a positive multiple of it), and each carry took 2^bits - 1 off u.

    total: u >= 0, int64. Returns two int64 tensors. Raises ValueError for a negative total or bits outside 2 to 32.
    """
    if not isinstance(bits, int) or not 2 <= bits <= 32:
        raise ValueError(f"bits is {bits!r}; allowed are the integers 2 to 32")
    if (total < 0).any():
        raise ValueError(f"total holds {int(total.min())}; a sum of unsigned numbers is not negative")
    modulus = (1 << bits) - 1
    total = total.to(torch.int64)
    remainder = torch.where(total > 0, (total - 1) % modulus + 1, 0)
    return (total - remainder) // modulus, remainder


def packed_sum(terms: Tensor, bits: int, word_bits: WordBits = 64) -> Tensor:
    """The sum over the last axis of `terms`, as a processor gets it that adds words of packed `bits`-bit lanes.

    Term i lies in lane i % lanes of word i // lanes; lane 0 is the lowest. The words are added; lane j's carries go
    into lane j + 1, and the top lane's are lost (as are those into bits above the top lane). Then the lanes are
    added to each other in `bits` bits, where carries are dropped. Returns int64 in two's complement.
    """
    lanes = word_bits // bits
    missing = -terms.shape[-1] % lanes
    padded = torch.nn.functional.pad(_unsigned(terms, bits), (0, missing))
    return combine_lanes(padded.reshape(*terms.shape[:-1], -1, lanes).sum(-2), bits)


def combine_lanes(lane_sums: Tensor, bits: int) -> Tensor:
    """What adding words and then their lanes leaves, from the unsigned sum of each lane: (..., lanes) to (...)."""
    return wrap(lane_sums.sum(-1) + lane_carries(lane_sums, bits), bits)


def lane_carries(lane_sums: Tensor, bits: int) -> Tensor:
    """How many carries move into a neighbouring lane, from the unsigned sum of each lane: (..., lanes) to (...).

    Adding whole words is exact modulo the word, so it does not matter after which addition a carry moves on: each
    lane ends as its own sum and the carries of the lane below, modulo 2^bits. The top lane's carries are lost.
    """
    moved = torch.zeros_like(lane_sums[..., 0])
    carry = torch.zeros_like(moved)
    for lane in lane_sums[..., :-1].unbind(-1):
        carry = (lane + carry) >> bits
        moved = moved + carry
    return moved


def buffered_sum(terms: Tensor, bits: int) -> Tensor:
    """The sum over the last axis of `terms` in lanes whose top bit is a buffer, cleared after every addition.

    The buffer takes the carry, so the lane wraps as a narrower accumulator of `bits` - 1 bits does.
    """
    return wrap(terms.sum(-1), bits - 1)


def _unsigned(terms: Tensor, bits: int) -> Tensor:
    half = 1 << (bits - 1)
    terms = terms.to(torch.int64)
    if ((terms < -half) | (terms >= half)).any():
        raise ValueError(f"terms lie outside {-half} to {half - 1}, what {bits} bits hold")
    return terms & ((1 << bits) - 1)
