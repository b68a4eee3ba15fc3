"""Low-bit weights against the dissertation's formula, entry by entry."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.federated.low_bit import LowBitWeight, quantize
from models.federated.packing import packed, unpacked

SHAPES = st.tuples(st.integers(1, 7), st.integers(1, 9))


def normal(shape: tuple[int, ...], seed: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def all_codes(weight: LowBitWeight) -> torch.Tensor:
    return weight.codes(slice(0, weight.shape[0]))


@given(st.lists(st.integers(-8, 7), max_size=33))
def test_packing_is_undone_and_takes_half_the_bytes(codes: list[int]) -> None:
    stored = packed(torch.tensor(codes, dtype=torch.int8))
    assert stored.dtype == torch.uint8
    assert len(stored) == (len(codes) + 1) // 2
    assert unpacked(stored, len(codes)).tolist() == codes


@settings(deadline=None)
@given(SHAPES, st.integers(2, 8), st.sampled_from(["tensor", "channel"]), st.integers(0, 99))
def test_codes_are_the_weight_over_its_scale(shape: tuple[int, int], bits: int, scale_per: str, seed: int) -> None:
    weight = normal(shape, seed, torch.float64)
    result = quantize(weight, bits, scale_per)  # type: ignore[arg-type]
    for row in range(shape[0]):
        group = weight if scale_per == "tensor" else weight[row]
        scale = max(abs(one) for one in group.flatten().tolist()) / (2 ** (bits - 1) - 1)
        expected = [round(one / scale) for one in weight[row].tolist()]
        assert all_codes(result)[row].tolist() == expected
        assert result.dequantized()[row].tolist() == pytest.approx([code * scale for code in expected])


@pytest.mark.parametrize("bits", range(2, 9))
@pytest.mark.parametrize("scale_per", ["tensor", "channel"])
def test_quantizing_again_changes_no_bit(bits: int, scale_per: str) -> None:
    first = quantize(normal((300, 301), bits), bits, scale_per)  # type: ignore[arg-type]
    again = quantize(first.dequantized(), bits, scale_per)  # type: ignore[arg-type]
    assert torch.equal(first.stored, again.stored)
    assert torch.equal(first.scale, again.scale)


def test_a_group_of_zeros_has_scale_1() -> None:
    weight = torch.tensor([[0.0, 0.0], [0.0, 3.5]])
    assert quantize(weight, 4, "channel").scale.tolist() == [1, 0.5]
    assert quantize(torch.zeros(2, 2), 4, "tensor").scale.tolist() == [1]
    tiny = torch.full((1, 3), 1e-45)  # over 127 it is 0
    assert quantize(tiny, 8).dequantized().tolist() == [[0, 0, 0]]


@pytest.mark.parametrize("bits", [4, 8])
def test_slabs_of_large_odd_matrices_join_to_the_whole(bits: int) -> None:
    weight = quantize(normal((501, 1025), 0), bits)
    slabs = list(weight.slabs())
    assert len(slabs) > 1
    assert torch.equal(torch.cat([weight.floats(rows) for rows in slabs]), weight.dequantized())
    assert torch.equal(weight.dequantized(), all_codes(weight) * weight.scale[:, None])


def test_stochastic_rounding_is_unbiased_and_repeats() -> None:
    weight = torch.tensor([[0.1, -0.26, 0.77, 1.0]], dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    draws = torch.stack([quantize(weight, 3, "channel", "stochastic", generator).dequantized() for _ in range(4000)])
    step = 1 / 3
    assert (draws.mean(0) - weight).abs().max() < 4 * step / 2 / 4000**0.5
    assert len(draws[:, 0, 0].unique()) == 2
    same = [quantize(weight, 3, rounding="stochastic", generator=torch.Generator().manual_seed(1)) for _ in range(2)]
    assert torch.equal(same[0].stored, same[1].stored)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"bits": 1}, "1 bits; allowed are the integers 2 to 8"),
        ({"bits": 9}, "9 bits; allowed are the integers 2 to 8"),
        ({"scale_per": "row"}, "scale_per is 'row'; allowed are tensor, channel"),
        ({"rounding": "up"}, "rounding is 'up'; allowed are nearest, stochastic"),
        ({"weight": torch.tensor([[1.0, float("nan")]])}, "not finite"),
        ({"weight": torch.tensor([[1.0, float("inf")]])}, "not finite"),
    ],
)
def test_impossible_weights_and_choices_are_named(changed: dict[str, object], message: str) -> None:
    settings = {"weight": torch.ones(1, 2), "bits": 8} | changed
    with pytest.raises(ValueError, match=message):
        quantize(**settings)  # type: ignore[arg-type]
