"""Kernels: bit for bit what models.arithmetic says, on every path, for any shape; what does not fit is refused."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models.kernels import Levels, PackedConvolution, PackedProduct, Scale, available_paths, chosen_path, set_threads
from models.kernels.paths import threads
from models.quantization.accumulators import Accumulator
from tests.support.kernels import random_case

CASES = 12_000
CHUNKS = 8
THREADS_OF_PROCESS = Path("/proc/self/task")

WEIGHTS = np.ones((2, 3, 3, 4), np.int8)
MAPS = np.ones((1, 5, 5, 4), np.uint8)


def test_the_c_kernels_were_compiled() -> None:
    assert {"vector", "swar", "torch"} <= set(available_paths())


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_path_gives_the_exact_bits_of_random_layers(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.kernels.paths._threads", 1 + chunk % 3)
    random = np.random.default_rng(chunk)
    done = 0
    while done < CASES // CHUNKS:
        case = random_case(random)
        if case is None:
            continue
        expected = case.expected()
        for path in available_paths():
            found = case.run(path)
            assert found.dtype == expected.dtype
            assert np.array_equal(found, expected), f"{path}: {case}"
        done += 1


@pytest.mark.parametrize("path", available_paths())
def test_wide_and_high_maps_are_cut_into_strips(path: str) -> None:
    random = np.random.default_rng(0)
    for rows, columns, channels in ((2, 3000, 40), (700, 3, 20), (1, 1, 5000), (130, 130, 3)):
        maps = random.integers(0, 256, (1, rows, columns, channels)).astype(np.uint8)
        weights = random.choice(np.array([-1, 1], np.int8), (5, 3, 3, channels))
        found = PackedConvolution(weights, padding=1, path=path)(maps)
        padded = np.pad(maps, ((0, 0), (1, 1), (1, 1), (0, 0))).astype(np.int64)
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
        sums = np.einsum("bijcyx,fyxc->bijf", windows, weights.astype(np.int64), optimize=True)
        assert np.array_equal(found, sums.astype(np.int8))  # which wraps


@pytest.mark.parametrize("path", available_paths())
def test_products_are_convolutions_of_one_pixel(path: str) -> None:
    random = np.random.default_rng(1)
    activations = random.integers(0, 256, (33, 129)).astype(np.uint8)
    weights = random.choice(np.array([-1, 0, 1], np.int8), (70, 129))
    found = PackedProduct(weights, Accumulator(bits=12, overflow="wrap"), path=path)(activations)
    sums = activations.astype(np.int64) @ weights.T.astype(np.int64)
    assert np.array_equal(found, (sums + 2048) % 4096 - 2048)


def test_an_array_for_the_result_is_filled() -> None:
    layer = PackedConvolution(WEIGHTS)
    out = np.full((1, 3, 3, 2), 7, np.int8)
    assert layer(MAPS, out) is out
    assert (out == 36).all()
    wrong: Any
    for wrong in (out.astype(np.uint8), out[:, :2], out.tolist(), np.zeros((2, 3, 3, 2), np.int8)):
        with pytest.raises(ValueError, match=r"out is .*; it needs to be int8 of \(1, 3, 3, 2\)"):
            layer(MAPS, wrong)
    read_only = out.copy()
    read_only.flags.writeable = False
    within = MAPS.view(np.int8).ravel()[:18].reshape(out.shape)
    for wrong in (out[..., ::-1], np.asfortranarray(out), read_only, within):
        with pytest.raises(ValueError, match="C-contiguous, writeable, and apart from the activations"):
            layer(MAPS, wrong)


@pytest.mark.parametrize("path", available_paths())
def test_arrays_that_change_later_change_nothing(path: str) -> None:
    weights, thresholds, directions = WEIGHTS.copy(), np.array([[1, 5], [2, 30]]), np.array([1, -1])
    layer = PackedConvolution(weights, output=Levels(thresholds, directions), path=path)
    expected = layer(MAPS)
    for array in (weights, thresholds, directions):
        array[...] = -1
    assert np.array_equal(layer(MAPS), expected)


@pytest.mark.parametrize("path", available_paths())
def test_thresholds_may_lie_anywhere(path: str) -> None:
    ends = np.iinfo(np.int64)
    thresholds = np.array([[ends.min, ends.min + 1, 36, ends.max], [ends.min, -36, 37, ends.max]])
    levels = Levels(thresholds, np.array([1, -1]))
    for bits in (8, 12):
        accumulator = Accumulator(bits=bits, overflow="wrap")
        found = PackedConvolution(WEIGHTS, accumulator, output=levels, path=path)(MAPS)
        assert (found == [3, 2]).all()


def test_products_have_as_many_rows_as_you_like() -> None:
    activations = np.arange(70_000, dtype=np.int64).reshape(-1, 1).astype(np.uint8)
    found = PackedProduct(np.array([[1], [-1]], np.int8))(activations)
    assert np.array_equal(found, np.hstack([activations, 0 - activations]).view(np.int8))


LEVELS = Levels(np.array([[1, 5], [2, 3]]), np.array([1, -1]))


@pytest.mark.parametrize(
    ("weights", "options", "message"),
    [
        (np.full((2, 3, 3, 4), 2, np.int8), {}, "weights hold 2 to 2; allowed are -1 and 1, or -1, 0 and 1"),
        (WEIGHTS.astype(np.int16), {}, "array of int8"),
        (WEIGHTS[0], {}, r"shape \(3, 3, 4\); it needs to be \(filters, rows, columns, channels\)"),
        (np.ones((1, 65, 1, 1), np.int8), {}, "at most 64 rows and columns"),
        (WEIGHTS[:0], {}, "that is not empty"),
        (WEIGHTS, {"stride": 0}, "stride is 0; allowed are the integers 1 to 32768"),
        (WEIGHTS, {"padding": -1}, "padding is -1"),
        (WEIGHTS, {"activation_bits": 9}, "activation bits is 9; allowed are the integers 1 to 8"),
        (WEIGHTS, {"accumulator": Accumulator(bits=17)}, "accumulator bits is 17; allowed are the integers 2 to 16"),
        (WEIGHTS, {"accumulator": Accumulator(overflow="absolute")}, "it needs to wrap"),
        (WEIGHTS, {"accumulator": Accumulator(packing="carries")}, "without carries"),
        (WEIGHTS[:1], {"output": LEVELS}, "output is for 2 filters; there are 1"),
        (WEIGHTS, {"output": 3}, "output is 3; it needs to be Levels, a Scale or None"),
        (WEIGHTS, {"accumulator": None}, "accumulator is None; it needs to be an Accumulator"),
        (np.broadcast_to(WEIGHTS[0, 0, 0, 0], (1 << 31, 1, 1, 1)), {}, "weights are 2147483648 numbers; allowed are"),
        (WEIGHTS, {"path": "abacus"}, "path is 'abacus'; allowed are avx512, avx2, vector, swar, torch"),
    ],
)
def test_layers_that_do_not_fit_are_refused(weights: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PackedConvolution(weights, **options)


@pytest.mark.parametrize(
    ("activations", "message"),
    [
        (MAPS.astype(np.int8), "array of uint8"),
        (MAPS[0], "array of uint8 with the axes"),
        (MAPS.tolist(), "array of uint8"),
        (MAPS[:, ::2], "not C-contiguous"),
        (MAPS[:0], r"shape \(0, 5, 5, 4\)"),
        (MAPS[..., :3].copy(), "the channels need to be 4"),
        (np.full((1, 5, 5, 4), 8, np.uint8), "activations reach 8; 3 bits hold 0 to 7"),
        (np.ones((1, 2, 5, 4), np.uint8), r"a kernel of \(3, 3\) does not fit maps of \(2, 5\)"),
    ],
)
def test_activations_that_do_not_fit_are_refused(activations: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PackedConvolution(WEIGHTS, activation_bits=3)(activations)


def test_sizes_that_overflow_are_refused() -> None:
    layer = PackedConvolution(np.ones((40_000, 1, 1, 1), np.int8), padding=15_000)
    with pytest.raises(ValueError, match="too many: 2\\^31 bytes"):
        layer(np.ones((1, 1, 1, 1), np.uint8))
    with pytest.raises(ValueError, match="maps are 65537 pixels wide or high with their padding; allowed are 65536"):
        PackedConvolution(WEIGHTS, padding=1)(np.ones((1, 3, 65_535, 4), np.uint8))


def test_invalid_outputs_are_refused() -> None:
    ones = np.ones(2, np.int16)
    for build, message in (
        (lambda: Levels(np.array([[5, 1]]), np.array([1])), "thresholds fall"),
        (lambda: Levels(np.array([[1.5]]), np.array([1])), "thresholds needs to be an array of signed integers"),
        (lambda: Levels(np.array([[1]]), np.array([2])), "1 or -1"),
        (lambda: Levels(np.array([[1]]), np.array([1]), 255), "lowest is 255; the levels need to lie within 0 to 255"),
        (lambda: Scale(ones, ones.astype(np.int32)), "bias needs to be an array of int16"),
        (lambda: Scale(ones, ones[:1]), "there are 2 multipliers and 1 biases"),
        (lambda: Scale(-(ones << 15), ones), "a multiplier is -32768"),
        (lambda: Scale(ones, ones, shift=16), "shift is 16; allowed are the integers 0 to 15"),
    ):
        with pytest.raises(ValueError, match=message):
            build()


def test_the_environment_names_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WRAPMAC_KERNELS", "swar")
    assert PackedConvolution(WEIGHTS).path == chosen_path() == "swar"
    monkeypatch.setenv("WRAPMAC_KERNELS", "abacus")
    with pytest.raises(ValueError, match="path is 'abacus'"):
        PackedConvolution(WEIGHTS)


def test_without_compiled_kernels_torch_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.kernels.paths.native", None)
    assert available_paths() == ("torch",)
    with pytest.warns(RuntimeWarning, match="torch computes, slowly: the C kernels were not compiled; install gcc"):
        layer = PackedConvolution(WEIGHTS)
    assert (layer(MAPS) == 36).all()
    with pytest.raises(ValueError, match="path 'avx2' is not available: the C kernels were not compiled; install gcc"):
        PackedConvolution(WEIGHTS, path="avx2")


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = threads()
    set_threads(2)
    yield
    set_threads(before)


def large_layer() -> tuple[PackedConvolution, NDArray[np.uint8]]:
    random = np.random.default_rng(2)
    weights = random.choice(np.array([-1, 1], np.int8), (130, 3, 3, 40))
    return PackedConvolution(weights, padding=1), random.integers(0, 256, (1, 30, 30, 40)).astype(np.uint8)


@pytest.mark.usefixtures("two_threads")
def test_several_threads_may_call_at_once() -> None:
    layer, maps = large_layer()
    expected = layer(maps)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: layer(maps), range(200)))
    assert all(np.array_equal(one, expected) for one in found)


@pytest.mark.skipif(not THREADS_OF_PROCESS.exists(), reason="this system does not list a process's threads")
@pytest.mark.usefixtures("two_threads")
def test_a_forked_child_starts_threads_of_its_own() -> None:
    layer, maps = large_layer()
    expected = layer(maps)  # the parent's threads have started
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # ends it, should it wait for threads that it does not have
        same = all(np.array_equal(layer(maps), expected) for _ in range(20))
        os._exit(0 if same and len(list(THREADS_OF_PROCESS.iterdir())) == threads() else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_threads_are_counted() -> None:
    before = threads()
    set_threads(3)
    assert threads() == 3
    set_threads(before)
    with pytest.raises(ValueError, match="threads is 0; allowed are the integers 1 to 256"):
        set_threads(0)
