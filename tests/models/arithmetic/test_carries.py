"""Carries and packed words against the loop of Algorithm 1 and against real machine words."""

import ctypes
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.arithmetic import carries, wrap
from models.arithmetic.carries import buffered_sum, packed_sum, unsigned_sum

WORD_ADDER = """
#include <stdint.h>
/* Adds packed words as a processor without vector instructions does, then the lanes of the result. */
int64_t add(const int8_t *terms, long count, int bits, int word_bits) {
    int lanes = word_bits / bits;
    uint64_t mask = (1ull << bits) - 1, total = 0, word = 0;
    for (long i = 0; i < count; i++) {
        word |= ((uint64_t)terms[i] & mask) << (i % lanes * bits);
        if (i % lanes == lanes - 1 || i == count - 1) {
            total = word_bits == 32 ? (uint32_t)(total + word) : total + word;
            word = 0;
        }
    }
    uint64_t sum = 0;
    for (int lane = 0; lane < lanes; lane++) sum += (total >> (lane * bits)) & mask;
    sum &= mask;
    return sum >> (bits - 1) ? (int64_t)sum - (int64_t)(mask + 1) : (int64_t)sum;
}
/* The same with a buffer bit on top of each lane, cleared after every addition. */
int64_t add_buffered(const int8_t *terms, long count, int bits) {
    int lanes = 64 / bits;
    uint64_t mask = (1ull << (bits - 1)) - 1, clear = 0, total = 0, word = 0;
    for (int lane = 0; lane < lanes; lane++) clear |= mask << (lane * bits);
    for (long i = 0; i < count; i++) {
        word |= ((uint64_t)terms[i] & mask) << (i % lanes * bits);
        if (i % lanes == lanes - 1 || i == count - 1) {
            total = (total + word) & clear;
            word = 0;
        }
    }
    uint64_t sum = 0;
    for (int lane = 0; lane < lanes; lane++) sum = (sum + ((total >> (lane * bits)) & mask)) & mask;
    return sum >> (bits - 2) ? (int64_t)sum - (int64_t)(mask + 1) : (int64_t)sum;
}
"""


def algorithm_1(total: int, bits: int) -> tuple[int, int]:
    """The loop as the dissertation prints it."""
    carry, remainder, count = total, 0, 0
    while carry:
        carry, remainder = (carry + remainder) >> bits, (carry + remainder) % 2**bits
        count += carry
    return count, remainder


@pytest.mark.parametrize("bits", range(2, 9))
def test_closed_form_equals_the_loop_for_every_total(bits: int) -> None:
    counts, remainders = carries(torch.arange(2**16), bits)
    expected = [algorithm_1(total, bits) for total in range(2**16)]
    assert list(zip(counts.tolist(), remainders.tolist(), strict=True)) == expected


@given(st.integers(0, 2**50), st.integers(2, 32))
def test_closed_form_equals_the_loop_for_large_totals(total: int, bits: int) -> None:
    count, remainder = carries(torch.tensor(total), bits)
    assert (int(count), int(remainder)) == algorithm_1(total, bits)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    folder = tmp_path_factory.mktemp("words")
    (folder / "words.c").write_text(WORD_ADDER)
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "words.c", "-o", "words.so"], cwd=folder, check=True)
    library = ctypes.CDLL(str(Path(folder, "words.so")))
    for function in (library.add, library.add_buffered):
        function.restype = ctypes.c_int64
    return library


@pytest.mark.parametrize("word_bits", [32, 64])
@pytest.mark.parametrize("bits", [4, 5, 6, 8])
def test_packed_sums_equal_machine_words(bits: int, word_bits: int, machine: ctypes.CDLL) -> None:
    random = np.random.default_rng(bits)
    half = 1 << (bits - 1)
    for length in (1, 3, 8, 9, 100, 1152):
        terms = random.integers(-half, half, (20, length), dtype=np.int8)
        packed = packed_sum(torch.from_numpy(terms), bits, word_bits)  # type: ignore[arg-type]
        buffered = buffered_sum(torch.from_numpy(terms).long(), bits)
        for row, total, kept in zip(terms, packed.tolist(), buffered.tolist(), strict=True):
            pointer = np.ascontiguousarray(row).ctypes.data_as(ctypes.c_void_p)
            assert total == machine.add(pointer, length, bits, word_bits)
            assert kept == machine.add_buffered(pointer, length, bits)


def test_without_overflow_packing_changes_nothing() -> None:
    terms = torch.tensor([1, 2, 3, 4, 5, 6, 7, 8, 9])
    assert int(packed_sum(terms, 8)) == 45


def test_a_single_lane_carry_by_hand() -> None:
    terms = torch.zeros(16, dtype=torch.int64)
    terms[0], terms[8] = -1, 1  # lane 0: 255 + 1 carries into lane 1, which nothing else touches
    assert int(packed_sum(terms, 8)) == 1
    assert int(wrap(terms.sum(), 8)) == 0
    terms[0], terms[8], terms[7], terms[15] = 0, 0, -1, 1  # the top lane's carry is lost
    assert int(packed_sum(terms, 8)) == 0


def test_unsigned_sum_reads_negative_terms_as_unsigned() -> None:
    assert int(unsigned_sum(torch.tensor([-1, 1, -128]), 8)) == 255 + 1 + 128


def test_impossible_values_are_named() -> None:
    with pytest.raises(ValueError, match="bits is 1; allowed are the integers 2 to 32"):
        carries(torch.tensor(3), 1)
    with pytest.raises(ValueError, match="total holds -3"):
        carries(torch.tensor(-3), 8)
    with pytest.raises(ValueError, match="terms lie outside -128 to 127, what 8 bits hold"):
        packed_sum(torch.tensor([128]), 8)
