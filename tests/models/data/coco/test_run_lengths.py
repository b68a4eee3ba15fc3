"""Masks as run lengths and texts beside plain decoders, and beside pycocotools where it is installed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.data.coco.run_lengths import counts_from_text, counts_of, mask_of, text_of


def mask_by_pixels(counts: list[int], height: int, width: int) -> list[list[bool]]:
    """Pixel after pixel, down the columns."""
    flat = [run % 2 == 1 for run, count in enumerate(counts) for _ in range(count)]
    return [[flat[column * height + row] for column in range(width)] for row in range(height)]


def counts_by_bits(text: str) -> list[int]:
    """Numbers in two's complement, read as strings of bits."""
    numbers, bits = [], ""
    for character in text:
        six = format(ord(character) - 48, "06b")
        bits = six[1:] + bits
        if six[0] == "0":
            numbers.append(int(bits, 2) - (2 ** len(bits) if bits[0] == "1" else 0))
            bits = ""
    for place in range(3, len(numbers)):
        numbers[place] += numbers[place - 2]
    return numbers


masks = st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32 - 1), st.floats(0, 1)).map(
    lambda drawn: np.random.default_rng(drawn[2]).random(drawn[:2]) < drawn[3]
)


@given(masks)
def test_masks_survive_counts_and_text(mask: np.ndarray) -> None:
    counts = counts_of(mask)
    assert (mask_of(counts, *mask.shape) == mask).all()
    assert mask_by_pixels(counts, *mask.shape) == mask.tolist()
    assert counts_by_bits(text_of(counts)) == counts_from_text(text_of(counts)) == counts


@given(st.lists(st.integers(0, 10**9)))
def test_texts_hold_counts_of_any_size(counts: list[int]) -> None:
    assert counts_by_bits(text_of(counts)) == counts_from_text(text_of(counts)) == counts


def test_masks_agree_with_pycocotools() -> None:
    peer = pytest.importorskip("pycocotools.mask")
    random = np.random.default_rng(0)
    for height, width in ((1, 1), (5, 9), (480, 640)):
        mask = random.random((height, width)) < 0.3
        encoded = peer.encode(np.asfortranarray(mask.astype(np.uint8)))
        assert encoded["counts"].decode() == text_of(counts_of(mask))


def test_a_count_of_zero_starts_a_mask_whose_first_pixel_is_set() -> None:
    assert counts_of(np.array([[True, False], [True, True]])) == [0, 2, 1, 1]


@pytest.mark.parametrize(
    ("text", "fault"),
    [("0 1", "' '"), ("0P", "break off"), ("0p", "'p'"), ("o" * 40, "32 bits")],
)
def test_damaged_texts_are_refused(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        counts_from_text(text)


@pytest.mark.parametrize("counts", [[3], [1, -1, 4], [1, 2.0, 1], [True, 3], ["4"]])
def test_counts_that_do_not_fit_the_picture_are_refused(counts: list[int]) -> None:
    with pytest.raises(ValueError, match="run length"):
        mask_of(counts, 2, 2)
