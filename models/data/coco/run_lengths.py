"""Masks as run lengths, as COCO stores them.

Pixels are read down the columns, from left to right. Counts are the lengths of runs of false and true pixels in turn;
the first is of false ones and may be 0. Their text has digits of 5 bits, lowest first; from the fourth on, it holds the
difference from the count before the last.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

_FIRST = ord("0")
_DIGIT_BITS = 5
_DIGITS, _SIGN, _MORE = 0b11111, 0b10000, 0b100000
_LARGEST = 2**32


def counts_of(mask: Mask) -> list[int]:
    """The counts of a mask (height, width)."""
    pixels = np.concatenate(([False], mask.flatten(order="F")))
    starts = np.flatnonzero(pixels[1:] != pixels[:-1])
    return [int(length) for length in np.diff(np.concatenate(([0], starts, [mask.size])))]


def mask_of(counts: Sequence[int], height: int, width: int) -> Mask:
    """The mask (height, width) of such counts. Raises ValueError if they do not add up to its pixels."""
    check_counts(counts, height, width)
    values = np.arange(len(counts)) % 2 == 1
    return np.repeat(values, counts).reshape((height, width), order="F")


def check_counts(counts: Sequence[int], height: int, width: int) -> None:
    """Raises ValueError unless counts are integers of at least 0 that add up to height times width."""
    for count in counts:
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise ValueError(f"run length {count!r} is no integer of at least 0")
    if sum(counts) != height * width:
        raise ValueError(f"run lengths add up to {sum(counts)} pixels; the picture has {width} x {height}")


def text_of(counts: Sequence[int]) -> str:
    """Counts as text."""
    differences = [count - counts[place - 2] if place > 2 else count for place, count in enumerate(counts)]
    return "".join(_written(number) for number in differences)


def counts_from_text(text: str) -> list[int]:
    """The counts that a text holds. Raises ValueError for other characters and for a number that breaks off."""
    counts: list[int] = []
    value = bits = 0
    for character in text:
        digit = ord(character) - _FIRST
        if not 0 <= digit <= _DIGITS | _MORE:
            raise ValueError(f"run lengths hold {character!r}; allowed are '0' to 'o'")
        value |= (digit & _DIGITS) << bits
        bits += _DIGIT_BITS
        if digit & _MORE:
            if value >= _LARGEST:
                raise ValueError("run lengths hold a number of more than 32 bits")
            continue
        if digit & _SIGN:
            value -= 1 << bits
        counts.append(value + counts[-2] if len(counts) > 2 else value)
        value = bits = 0
    if bits:
        raise ValueError("run lengths break off within a number")
    return counts


def _written(number: int) -> str:
    digits = []
    while True:
        digit = number & _DIGITS
        number >>= _DIGIT_BITS
        last = number == (-1 if digit & _SIGN else 0)
        digits.append(chr(_FIRST + (digit if last else digit | _MORE)))
        if last:
            return "".join(digits)
