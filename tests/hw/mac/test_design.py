"""Parameters of units: names, derived widths, and combinations that are refused."""

import pytest

from hw.mac.architecture import Architecture
from hw.mac.design import PUBLISHED, MacDesign


def test_published_names_parse_to_their_designs() -> None:
    assert list(PUBLISHED) == ["8x8x32", "3x1x32", "8x8x8k2", "8x8x8k4", "3x1x8k2", "3x1x8k4"]
    for name, design in PUBLISHED.items():
        assert MacDesign.parse(name) == design


def test_product_registers_have_the_widths_of_the_dissertation() -> None:
    widths = {name: design.product_bits for name, design in PUBLISHED.items()}
    assert widths == {"8x8x32": 16, "3x1x32": 4, "8x8x8k2": 8, "8x8x8k4": 8, "3x1x8k2": 4, "3x1x8k4": 4}


def test_ranges() -> None:
    design = MacDesign(3, 1, 8, 2)
    assert list(design.weight_range) == [-1, 1]
    assert (design.activation_range[-1], design.accumulator_range[0]) == (7, -128)
    assert list(MacDesign(3, 2, 8).weight_range) == [-2, -1, 0, 1]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ((0, 8, 8), "activation_bits is 0; allowed are the integers 1 to 16"),
        ((8, 17, 8), "weight_bits is 17; allowed are the integers 1 to 16"),
        ((8, 8, 1), "accumulator_bits is 1; allowed are the integers 2 to 64"),
        ((8, 8, 65), "accumulator_bits is 65; allowed are the integers 2 to 64"),
        ((8, 8, 8, 0), "slope is 0; allowed is an integer of at least 1, or none"),
        ((8, 8, 8, -2), "slope is -2; allowed is an integer of at least 1, or none"),
        (
            (8, 8, 3, 4),
            "slope 4 needs an accumulator of at least 4 bits, not 3: in a narrower one the folded arm holds no integer",
        ),
    ],
)
def test_impossible_parameters_are_named(parameters: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        MacDesign(*parameters)


@pytest.mark.parametrize("name", ["", "8x8", "8x8x8k", "8x8x8K2", "mac", "8x8x8k2 "])
def test_names_of_another_form_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="unknown design"):
        MacDesign.parse(name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "3x2x8-signs",
            "3x2x8 cannot have signs: they take 1-bit weights and an accumulator wider than activations",
        ),
        ("8x1x8-signs", "8x1x8 cannot have signs"),
        ("3x1x8-signs-loading", "signs and loading exclude each other"),
        ("3x1x8-segment8", "segment is 8; allowed are 1 to 7, less than the accumulator's"),
        ("3x1x8-segment0", "segment is 0; allowed is an integer of at least 1, or none"),
        ("3x1x8-bare", "3x1x8 has no cyclic activation; bare, split, range, magnitude and ripple need one"),
        ("3x1x8-ripple", "3x1x8 has no cyclic activation"),
        ("3x1x8k2-bare-split", "bare and split exclude each other"),
        ("3x1x8k2-fats", "unknown variant 'fats'; known are fast, frugal, balanced"),
    ],
)
def test_architectures_that_a_unit_cannot_have_are_refused(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MacDesign.parse(name)


def test_an_unknown_fold_is_refused() -> None:
    with pytest.raises(ValueError, match="fold is 'legs'; allowed are arms, range, magnitude, ripple"):
        Architecture(fold="legs")  # type: ignore[arg-type]
