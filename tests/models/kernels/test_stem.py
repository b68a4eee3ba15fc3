"""Reordered stems: bit for bit what the operations give in their own order."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from models.integer_network.float_operations import (
    FloatBatchNorm,
    FloatConvolution,
    FloatMaxPool,
    FloatOperation,
    FloatRelu,
    FloatScale,
    Quantize,
    apply_all,
)
from models.kernels.paths import native
from models.kernels.stem import NativeMaxPool, faster_stem

RANDOM = np.random.default_rng(0)


def floats(*shape: int) -> Any:
    return RANDOM.normal(size=shape).astype(np.float32)


def stem(filters: int = 20, biased: bool = False, pool: tuple[int, int, int] = (3, 2, 1)) -> list[FloatOperation]:
    """Convolution, batch norm whose gains have both signs or are 0, ReLU, pool and quantizer, for 3 channels."""
    gain = floats(filters)
    gain[3:5] = 0
    kernel, stride, padding = pool
    return [
        FloatConvolution(
            weights=floats(filters, 3, 5, 5), bias=floats(filters) if biased else None, stride=2, padding=2
        ),
        FloatBatchNorm(
            mean=floats(filters), variance=floats(filters) ** 2 + 0.1, gain=gain, offset=floats(filters), epsilon=1e-5
        ),
        FloatRelu(),
        FloatMaxPool(kernel=kernel, stride=stride, padding=padding),
        Quantize(step=0.05, smallest=-105, largest=105),
    ]


def kinds(operations: Any) -> list[str]:
    return [type(operation).__name__ for operation in operations]


@pytest.mark.parametrize("use_native", [True, False])
@pytest.mark.parametrize("pool", [(3, 2, 1), (2, 2, 0), (2, 1, 1), (5, 3, 2), (1, 1, 0)])
@pytest.mark.parametrize("biased", [True, False])
def test_faster_stems_give_the_same_integers(use_native: bool, pool: tuple[int, int, int], biased: bool) -> None:
    operations = stem(biased=biased, pool=pool)
    quick = faster_stem(operations, use_native=use_native)
    first = "NativeMaxPool" if use_native else "FloatMaxPool"
    assert kinds(quick) == ["FloatConvolution", first, "FloatBatchNorm", "Quantize"]
    images = torch.from_numpy(floats(3, 3, 37, 41))
    expected = apply_all(operations, images)
    assert expected.unique().numel() > 20
    assert torch.equal(apply_all(quick, images), expected)


def test_other_orders_are_kept() -> None:
    convolution, norm, relu, pool, quantize = stem()
    scale = FloatScale(factors=-np.ones(1, np.float32))
    for operations in (
        [convolution, norm, pool, quantize],
        [convolution, norm, relu, scale, pool, quantize],
        [scale, norm, relu, pool, quantize],
        [quantize],
    ):
        assert kinds(faster_stem(operations, use_native=False)) == kinds(operations)


def test_a_relu_is_the_quantizers_lower_bound() -> None:
    quantize = Quantize(step=1.0, smallest=-3, largest=7)
    (only,) = faster_stem([FloatRelu(), quantize], use_native=True)
    assert dataclasses.asdict(only) == {"step": 1.0, "smallest": 0, "largest": 7}
    below = Quantize(step=1.0, smallest=-3, largest=0)
    assert kinds(faster_stem([FloatRelu(), below], use_native=True)) == ["FloatRelu", "Quantize"]


@pytest.mark.skipif(native is None, reason="the C kernels were not compiled")
@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
@pytest.mark.parametrize("order", [torch.channels_last, torch.contiguous_format])
def test_pools_in_c_are_torchs(kind: torch.dtype, order: torch.memory_format) -> None:
    maps = torch.from_numpy(floats(2, 19, 13, 11)).to(kind).contiguous(memory_format=order)
    for sizes in ({"kernel": 3, "stride": 2, "padding": 1}, {"kernel": 4, "stride": 5, "padding": 2}):
        expected = FloatMaxPool(**sizes).apply(maps)
        assert torch.equal(NativeMaxPool(**sizes).apply(maps), expected)


@pytest.mark.skipif(native is None, reason="the C kernels were not compiled")
def test_the_default_float_type_does_not_matter() -> None:
    maps = torch.from_numpy(floats(1, 8, 9, 9)).contiguous(memory_format=torch.channels_last)
    sizes = {"kernel": 3, "stride": 2, "padding": 1}
    torch.set_default_dtype(torch.float64)
    try:
        found = NativeMaxPool(**sizes).apply(maps)
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.equal(found, FloatMaxPool(**sizes).apply(maps))


@pytest.mark.parametrize(
    "sizes",
    [
        {"kernel": (2, 2), "stride": 2, "padding": 0},
        {"kernel": 2, "stride": None, "padding": 0},
        {"kernel": 2, "stride": 0, "padding": 0},
        {"kernel": 3, "stride": 1 << 40, "padding": 0},
        {"kernel": 3, "stride": 2, "padding": 2},
    ],
)
def test_pools_of_other_sizes_are_refused(sizes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"a pool has kernel .*; it needs integers, the padding at most half"):
        FloatMaxPool(**sizes)


def test_batch_norms_of_other_shapes_are_refused() -> None:
    numbers = np.ones(3, np.float32)
    with pytest.raises(ValueError, match=r"a batch norm has arrays of the shapes .*; they need to be \(channels,\)"):
        FloatBatchNorm(mean=numbers, variance=numbers, gain=numbers[:, None], offset=numbers, epsilon=1e-5)
