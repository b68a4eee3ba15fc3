"""Thresholds, sums of branches and requantization: the evaluator's integers, for maps and features, in any layout."""

import numpy as np
import pytest

from models.integer_network.evaluator import evaluate_node
from models.integer_network.nodes import Integers, Requantize, Threshold
from models.kernels.join import join
from models.kernels.level_tables import level_table, look_up_levels, tabulates
from models.kernels.requantization import exact_multiplication, requantize
from models.kernels.tape import Tape
from tests.support.kernels import random_threshold, same

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(2, 5, 7, 3), (1, 300, 9, 9), (3, 1, 1, 1), (4, 70), (1, 5000)])
@pytest.mark.parametrize(("kind", "reach"), [(np.int8, 128), (np.int16, 900), (np.int64, 900)])
def test_tables_of_channels_are_thresholds(shape: tuple[int, ...], kind: type[np.generic], reach: int) -> None:
    node = random_threshold(RANDOM, shape[1], 40, -20, reach)
    given = Integers(shape[1:], -reach, reach - 1)
    values = RANDOM.integers(-reach, reach, shape).astype(kind)
    other = RANDOM.integers(-100, 101, shape)
    levels = evaluate_node(node, [values.astype(np.int64)])
    assert tabulates(node, given)
    assert same(*look_up_levels(node, given)(Tape(), [values]), levels)
    assert same(*join(node, given)(Tape(), [values]), levels)
    assert same(*join(node, given, relu=True)(Tape(), [values]), np.maximum(levels, 0))
    assert same(*join(node, given, other=True)(Tape(), [values, other]), levels + other)
    total = np.maximum(levels + other, 0)
    assert same(*join(node, given, other=True, relu=True)(Tape(), [values, other]), total)
    coarser = Requantize(name="q", inputs=("t",), subdivisions=15, smallest=0, largest=200)
    multiplication = exact_multiplication(coarser, Integers(shape[1:], 0, 120))
    found, coarse = join(node, given, other=True, relu=True, multiplication=multiplication)(Tape(), [values, other])
    assert same(found, total)
    assert coarse.dtype == np.uint8
    assert same(coarse, evaluate_node(coarser, [total]))


def test_levels_are_counted_in_both_directions() -> None:
    """By hand: 3 levels above 10 at -1, 1 and 2; at the negated values, falling, in the second channel."""
    thresholds = np.array([[-1, 1, 2], [-1, 1, 2]])
    node = Threshold(name="t", inputs=("x",), thresholds=thresholds, directions=np.array([1, -1]), lowest=10)
    table = level_table(node, Integers((2, 1, 1), -3, 3))
    assert table.tolist() == [[10, 10, 11, 11, 12, 13, 13], [13, 13, 12, 11, 11, 10, 10]]
    assert level_table(node, Integers((2, 1, 1), 5, 6)).tolist() == [[13, 13], [10, 10]]


def test_thresholds_beyond_all_values_are_always_or_never_reached() -> None:
    ends = np.iinfo(np.int64)
    thresholds = np.array([[ends.min, ends.min + 1, 0, ends.max], [ends.min, 1, 1, ends.max]])
    node = Threshold(name="t", inputs=("x",), thresholds=thresholds, directions=np.array([1, -1]), lowest=0)
    table = level_table(node, Integers((2, 1, 1), -2, 2))
    assert table.tolist() == [[2, 2, 3, 3, 3], [3, 3, 1, 1, 1]]


def test_wide_ranges_have_no_tables() -> None:
    node = random_threshold(RANDOM, 3, 4, 0, 100)
    assert not tabulates(node, Integers((3, 2, 2), -(1 << 15), 1 << 15))
    assert not tabulates(random_threshold(RANDOM, 3, 4, 1 << 16, 100), Integers((3, 2, 2), -5, 5))


@pytest.mark.parametrize("largest", [7, 255])
def test_multiplications_are_exact_for_every_integer(largest: int) -> None:
    done = 0
    for subdivisions in range(1, 400, 2):
        node = Requantize(name="q", inputs=("x",), subdivisions=subdivisions, smallest=0, largest=largest)
        for reach in (300, 3000):
            every = np.arange(-reach, reach + 1).reshape(1, 1, 1, -1)
            multiplication = exact_multiplication(node, Integers(every.shape[1:], -reach, reach))
            # 1 / (2 * subdivisions), rounded up to a multiple of 1 / 65536, is exact for small integers alone.
            if multiplication is None:
                assert reach == 3000 or subdivisions == 1 or 2 * reach * subdivisions > 1 << 15
                continue
            done += 1
            assert same(*requantize(multiplication)(Tape(), [every]), evaluate_node(node, [every])), (
                subdivisions,
                reach,
            )
    assert done


@pytest.mark.parametrize(
    ("options", "reach"),
    [
        ({"subdivisions": 1, "smallest": 0, "largest": 7}, 100),
        ({"subdivisions": 5, "smallest": -3, "largest": 7}, 100),
        ({"subdivisions": 5, "smallest": 0, "largest": 256}, 100),
        ({"subdivisions": 5, "smallest": 0, "largest": 7}, 20_000),
        ({"subdivisions": 5, "smallest": 0, "largest": 7}, (1 << 31) - 1),
    ],
)
def test_what_needs_more_than_16_bits_is_no_multiplication(options: dict[str, int], reach: int) -> None:
    node = Requantize(name="q", inputs=("x",), **options)
    assert exact_multiplication(node, Integers((2, 2, 2), -reach, reach)) is None
