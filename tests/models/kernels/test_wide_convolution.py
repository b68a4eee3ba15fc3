"""Exact sums on every path: random layers bit for bit, thresholds as a scale, and what is refused."""

import tracemalloc
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from models.arithmetic import cyclic, relu_like, wrap
from models.integer_network.evaluator import evaluate_node
from models.integer_network.nodes import Integers, MaxPool, Threshold
from models.kernels import available_paths
from models.kernels.geometry import Pool
from models.kernels.paths import TORCH
from models.kernels.scaled_levels import ScaledLevels, scaled_levels
from models.kernels.wide_convolution import EXACT, WideConvolution
from models.quantization.accumulators import Accumulator, Overflow

CASES = 10_000
CHUNKS = 20


def folded(sums: torch.Tensor, accumulator: Accumulator) -> torch.Tensor:
    match accumulator.overflow:
        case Overflow.EXACT:
            return sums
        case Overflow.CYCLIC:
            return cyclic(sums, accumulator.bits, accumulator.slope)
        case Overflow.RELU_LIKE:
            return relu_like(sums, accumulator.bits, accumulator.slope)
    return wrap(sums, accumulator.bits)


def by_doubles(activations: NDArray[np.uint8], weights: NDArray[np.int8], options: dict[str, Any]) -> torch.Tensor:
    """The sums by torch's convolution of doubles, which hold them exactly."""
    maps = torch.from_numpy(activations).double().permute(0, 3, 1, 2) - options["zero_point"]
    filters = torch.from_numpy(weights).double().permute(0, 3, 1, 2)
    sums = torch.nn.functional.conv2d(maps, filters, stride=options["stride"], padding=options["padding"])
    return sums.permute(0, 2, 3, 1).long()


def random_levels(random: np.random.Generator, filters: int, reach: int) -> ScaledLevels:
    """Levels of thresholds that are evenly spaced, but for some."""
    while True:
        levels = int(random.integers(1, 56))
        borders = (np.arange(levels) + random.normal(size=(filters, 1), scale=20)) * reach / 50
        thresholds = np.sort(borders + random.integers(-2, 3, borders.shape), 1).astype(np.int64)
        directions = random.choice([-1, 1], filters)
        lowest = int(random.integers(0, 200) if random.integers(2) else random.integers(-30_000, 30_000))
        node = Threshold(name="t", inputs=("x",), thresholds=thresholds, directions=directions, lowest=lowest)
        found = scaled_levels(node, Integers((filters,), -reach * 100, reach * 100))
        if found is not None:
            return found


def random_layer(random: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.int8], dict[str, Any]] | None:
    window, sizes = random.integers(1, 8, 2), random.integers(1, 14, 2)
    channels, filters = int(random.choice([1, 3, random.integers(1, 40)])), int(random.integers(1, 90))
    padding, largest = int(random.integers(0, 4)), (1 << int(random.integers(1, 8))) - 1
    if min(sizes + 2 * padding - window) < 0:
        return None
    options: dict[str, Any] = {
        "stride": int(random.integers(1, 4)),
        "padding": padding,
        "zero_point": int(random.choice([0, random.integers(256)])),
        "accumulator": EXACT,
    }
    if random.random() < 0.4:
        options["accumulator"] = Accumulator(
            bits=int(random.integers(2, 17)),
            slope=int(random.choice([1, 2, 5, 40_000])),
            overflow=random.choice(["wrap", "cyclic", "relu-like"]),
        )
    if random.random() < 0.2:
        options["output"] = random_levels(random, filters, 400 * largest)
        if random.random() < 0.5 and min(sizes + 2 * padding - window) // options["stride"] >= 3:
            kernel = int(random.integers(1, 5))
            options["pool"] = Pool(kernel, int(random.integers(1, 5)), int(random.integers(0, kernel // 2 + 1)))
            options |= {"output": options["output"].rising(), "accumulator": EXACT}
    activations = random.integers(0, 256, (random.integers(1, 3), *sizes, channels)).astype(np.uint8)
    return (
        activations,
        random.integers(-largest - 1, largest + 1, (filters, *window, channels)).astype(np.int8),
        options,
    )


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_path_gives_the_exact_bits_of_random_layers(chunk: int) -> None:
    random = np.random.default_rng(chunk)
    done = 0
    while done < CASES // CHUNKS:
        drawn = random_layer(random)
        if drawn is None:
            continue
        done += 1
        activations, weights, options = drawn
        expected = folded(by_doubles(activations, weights, options), options["accumulator"]).numpy()
        if "output" in options:
            levels = evaluate_node(options["output"].node, [expected.transpose(0, 3, 1, 2)])
            if "pool" in options:
                levels = evaluate_node(MaxPool(name="p", inputs=("t",), **vars(options["pool"])), [levels])
            expected = levels.transpose(0, 2, 3, 1)
        for path in available_paths():
            if path == TORCH and done % 10:
                continue
            found = WideConvolution(weights, path=path, **options)(activations)
            assert np.array_equal(found, expected), (path, activations.shape, weights.shape, options)


@pytest.mark.parametrize("path", available_paths())
def test_sums_beyond_what_float32_holds_are_exact(path: str) -> None:
    weights, activations = np.full((1, 1, 1, 521), 127, np.int8), np.full((1, 1, 1, 521), 255, np.uint8)
    weights[..., 0] = 126
    assert WideConvolution(weights, path=path)(activations).item() == 520 * 127 * 255 + 126 * 255


def random_threshold(random: np.random.Generator) -> tuple[Threshold, Integers]:
    """Thresholds of an affine function of each channel, rectified or not, some never reached, some always."""
    channels, levels = int(random.integers(1, 9)), int(random.choice([1, 3, 15, 105, 255]))
    reach = int(random.choice([3, 60, 3000, 400_000]))
    lowest = 0 if random.random() < 0.5 else -int(random.integers(0, levels + 1))
    slope = reach / levels * np.exp(random.normal(size=(channels, 1)))
    borders = (np.arange(lowest + 1, lowest + levels + 1) - 0.5 + random.normal(size=(channels, 1), scale=5)) * slope
    thresholds = np.ceil(borders).astype(np.int64)
    if lowest < 0 and random.random() < 0.5:
        thresholds[:, :-lowest] = -reach - 1  # as after a ReLU
    thresholds[0] = random.choice([-reach - 7, reach + 7, thresholds[0, 0]])  # a gain of 0, or a jump
    thresholds = np.maximum.accumulate(thresholds, 1)
    directions = random.choice([-1, 1], channels)
    node = Threshold(name="t", inputs=("x",), thresholds=thresholds, directions=directions, lowest=lowest)
    return node, Integers((channels,), -reach, reach)


def test_levels_by_a_scale_are_those_of_the_thresholds() -> None:
    random = np.random.default_rng(0)
    found = 0
    for _ in range(400):
        node, inputs = random_threshold(random)
        levels = scaled_levels(node, inputs)
        if levels is None:
            continue
        found += 1
        every = np.arange(inputs.smallest, inputs.largest + 1)
        some = every if len(every) < 7000 else np.concatenate((random.choice(every, 7000), every[[0, -1]]))
        values = np.repeat(some[:, None], len(node.thresholds), 1)
        assert np.array_equal(levels.apply(values), evaluate_node(node, [values.astype(np.int64)]))
        assert levels.kind == (np.uint8 if node.lowest >= 0 else np.int16)
    assert found > 380


def test_levels_next_to_every_threshold_of_wide_sums() -> None:
    """Sums of four millions, 210 levels: float32 misses some, as the room for a line is small."""
    random = np.random.default_rng(1)
    borders = (np.arange(210) - 104.5 + random.normal(size=(64, 1))) * random.uniform(1000, 30_000, (64, 1))
    thresholds = np.ceil(borders).astype(np.int64) + random.integers(0, 2, borders.shape)
    node = Threshold(name="t", inputs=("x",), thresholds=thresholds, directions=random.choice([-1, 1], 64), lowest=-105)
    levels = scaled_levels(node, Integers((64,), -(1 << 22), 1 << 22))
    assert levels is not None
    assert levels.limit.min() < 0.5
    for beside in (-2, -1, 0, 1):
        values = ((thresholds + beside) * node.directions[:, None]).T
        assert np.array_equal(levels.apply(values), evaluate_node(node, [values]))


def test_levels_of_sums_over_all_32_bits() -> None:
    """The search for a line ends although doubles leave gaps wider than it may miss a threshold by."""
    thresholds = np.linspace(-2e9, 2e9, 200).astype(np.int64)[np.newaxis]
    node = Threshold(name="t", inputs=("x",), thresholds=thresholds, directions=np.array([1]), lowest=-30_000)
    levels = scaled_levels(node, Integers((1,), -(1 << 31) + 1, (1 << 31) - 1))
    assert levels is not None
    for beside in (-1, 0):
        assert np.array_equal(levels.apply(thresholds.T + beside), evaluate_node(node, [thresholds.T + beside]))


def test_thresholds_without_a_line_are_left_alone() -> None:
    inputs = Integers((1,), -1000, 1000)

    def node(thresholds: list[int], lowest: int = 0) -> Threshold:
        rising = np.array([thresholds])
        return Threshold(name="t", inputs=("x",), thresholds=rising, directions=np.array([1]), lowest=lowest)

    assert scaled_levels(node([1, 2, 500]), inputs) is None
    assert scaled_levels(node([1, 2, 3]), inputs) is not None
    assert scaled_levels(node([1], 32_767), inputs) is None


WEIGHTS = np.ones((4, 3, 3, 2), np.int8)
FALLING = next(one for seed in range(9) if (one := random_levels(np.random.default_rng(seed), 4, 10)).scale.min() < 0)


@pytest.mark.parametrize(
    ("weights", "options", "message"),
    [
        (WEIGHTS.astype(np.int16), {}, "weights need to be an array of int8"),
        (WEIGHTS[0], {}, "weights need to be an array of int8"),
        (np.ones((1, 65, 1, 1), np.int8), {}, "allowed are 64 rows and columns"),
        (WEIGHTS, {"stride": 0}, "stride is 0"),
        (WEIGHTS, {"padding": -1}, "padding is -1"),
        (WEIGHTS, {"zero_point": 256}, "zero point is 256"),
        (WEIGHTS, {"zero_point": 0.5}, "zero point is 0.5"),
        (WEIGHTS, {"accumulator": Accumulator(bits=17)}, "accumulator"),
        (WEIGHTS, {"accumulator": Accumulator(bits=8, overflow="absolute")}, "accumulator"),
        (WEIGHTS, {"output": random_levels(np.random.default_rng(0), 5, 10)}, "output is for 5 filters; there are 4"),
        (WEIGHTS, {"pool": Pool(2, 2, 0)}, "a pool needs levels that rise"),
        (WEIGHTS, {"pool": Pool(2, 2, 0), "output": FALLING}, "a pool needs levels that rise"),
        (
            WEIGHTS,
            {"pool": Pool(2, 2, 0), "output": FALLING.rising(), "accumulator": Accumulator(bits=8)},
            "before a pool it needs to be exact",
        ),
        (WEIGHTS, {"path": "fast"}, "path is 'fast'"),
        (np.full((1, 64, 64, 9), -128, np.int8), {}, "32 bits do not hold them"),
    ],
)
def test_layers_that_do_not_fit_are_refused(weights: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        WideConvolution(weights, **options)


@pytest.mark.parametrize(
    ("activations", "message"),
    [
        (np.zeros((1, 5, 5, 2), np.int8), "uint8"),
        (np.zeros((5, 5, 2), np.uint8), "uint8"),
        (np.zeros((1, 5, 5, 3), np.uint8), "the channels need to be 2"),
        (np.zeros((1, 2, 5, 2), np.uint8), "does not fit maps"),
        (np.zeros((1, 5, 5, 4), np.uint8)[..., ::2], "not C-contiguous"),
        ([[[[1]]]], "uint8"),
    ],
)
def test_activations_that_do_not_fit_are_refused(activations: Any, message: str) -> None:
    for path in available_paths():
        with pytest.raises(ValueError, match=message):
            WideConvolution(WEIGHTS, path=path)(activations)


def test_shapes_are_forgotten_after_many() -> None:
    layer = WideConvolution(WEIGHTS)
    tracemalloc.start()
    for rows in range(3, 300):
        layer(np.zeros((1, rows, 3, 2), np.uint8))
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 100_000


@pytest.mark.parametrize("path", available_paths())
def test_pools_that_do_not_fit_are_refused(path: str) -> None:
    for window in ((0, 1, 0), (65, 1, 0), (2, 0, 0), (2, 1, 2), (3, 1, -1)):
        with pytest.raises(ValueError, match="of the pool is"):
            Pool(*window)
    layer = WideConvolution(WEIGHTS, output=FALLING.rising(), pool=Pool(4, 1, 0), path=path)
    with pytest.raises(ValueError, match="a pool of 4 x 4 does not fit maps of"):
        layer(np.zeros((1, 5, 5, 2), np.uint8))
