"""Integer semantics against a definition in rational arithmetic."""

from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.arithmetic import absolute, cyclic, fold_threshold, overflow_rate, relu_like, wrap

INT64 = st.integers(-(2**63), 2**63 - 1)
BITS = st.integers(2, 64)


def wrapped(value: int, bits: int) -> int:
    period = 2**bits
    rest = value % period
    return rest - period if rest >= period // 2 else rest


def folded(value: int, bits: int, slope: int) -> Fraction:
    m, half = wrapped(value, bits), 2 ** (bits - 1)
    threshold = Fraction(slope, slope + 1) * half
    if m > threshold:
        return Fraction(slope * half - slope * m)
    if m < -threshold:
        return Fraction(-slope * half - slope * m)
    return Fraction(m)


@given(st.lists(INT64, min_size=1), BITS)
def test_wrap_is_the_residue_in_twos_complement(values: list[int], bits: int) -> None:
    assert wrap(torch.tensor(values), bits).tolist() == [wrapped(value, bits) for value in values]


@given(st.lists(INT64, min_size=1), BITS, st.integers(1, 10**6))
def test_cyclic_follows_its_definition(values: list[int], bits: int, slope: int) -> None:
    assert cyclic(torch.tensor(values), bits, slope).tolist() == [folded(value, bits, slope) for value in values]


@pytest.mark.parametrize("bits", range(2, 13))
@pytest.mark.parametrize("slope", [1, 2, 3, 4, 7, 10, 10**9])
def test_every_sum_of_narrow_accumulators(bits: int, slope: int) -> None:
    sums = torch.arange(-(2**bits), 2**bits)
    results = cyclic(sums, bits, slope)
    assert results.tolist() == [folded(int(value), bits, slope) for value in sums]
    assert results.abs().max() <= fold_threshold(bits, slope)
    positive = [max(folded(int(value), bits, slope), 0) if wrapped(int(value), bits) >= 0 else 0 for value in sums]
    assert relu_like(sums, bits, slope).tolist() == positive
    assert absolute(sums, bits).tolist() == [abs(wrapped(int(value), bits)) for value in sums]


def test_cyclic_is_continuous_across_the_wrap() -> None:
    for slope in (1, 2, 4):
        steps = cyclic(torch.arange(-1024, 1024), 8, slope).diff().abs()
        assert steps.max() <= slope


@given(st.lists(st.integers(-(2**40), 2**40), min_size=1), st.integers(2, 40))
def test_overflow_rate_counts_sums_out_of_range(values: list[int], bits: int) -> None:
    outside = sum(not -(2 ** (bits - 1)) <= value < 2 ** (bits - 1) for value in values)
    assert overflow_rate(torch.tensor(values), bits) == pytest.approx(outside / len(values))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64])
def test_every_integer_type_is_taken_and_int64_returned(dtype: torch.dtype) -> None:
    result = wrap(torch.tensor([[3, 127]], dtype=dtype), 7)
    assert result.dtype == torch.int64
    assert result.tolist() == [[3, -1]]


def test_published_thresholds() -> None:
    assert (fold_threshold(8, 2), fold_threshold(8, 4)) == (85, 102)


@pytest.mark.parametrize(
    ("bits", "slope", "message"),
    [
        (1, 2, "bits is 1; allowed are the integers 2 to 64"),
        (65, 2, "bits is 65; allowed are the integers 2 to 64"),
        (8, 0, "slope is 0; allowed is an integer of at least 1"),
    ],
)
def test_impossible_parameters_are_named(bits: int, slope: int, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        cyclic(torch.tensor([0]), bits, slope)


def test_floats_are_refused() -> None:
    with pytest.raises(TypeError, match=r"torch\.float32; an integer tensor is needed"):
        wrap(torch.tensor([0.5]), 8)
