"""What lies between convolutions: the integers of the evaluator, for maps and features, in whatever memory they lie."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from models.integer_network.evaluator import IntegerEvaluator, evaluate_node
from models.integer_network.float_operations import FloatFlatten, FloatOperation, FloatRelu, FloatScale, Quantize
from models.integer_network.graph import IntegerGraph
from models.integer_network.nodes import Add, Convolution, Flatten, Integers, Node, Relu, Requantize, Threshold
from models.kernels import IntegerNetwork
from models.kernels.plan import Plan
from models.kernels.stream import exact_step, joined, stepped, tabulated, tabulates
from models.quantization.accumulators import Accumulator

RANDOM = np.random.default_rng(0)


def threshold(channels: int, levels: int, lowest: int, reach: int, name: str = "t", source: str = "x") -> Threshold:
    return Threshold(
        name=name,
        inputs=(source,),
        thresholds=np.sort(RANDOM.integers(-reach, reach, (channels, levels)), axis=1),
        directions=RANDOM.choice([-1, 1], channels),
        lowest=lowest,
    )


def same(found: NDArray[Any], expected: NDArray[Any]) -> bool:
    return found.shape == expected.shape and bool((found == expected).all())


@pytest.mark.parametrize("shape", [(2, 5, 7, 3), (1, 300, 9, 9), (3, 1, 1, 1), (4, 70), (1, 5000)])
@pytest.mark.parametrize(("kind", "reach"), [(np.int8, 128), (np.int16, 900), (np.int64, 900)])
def test_tables_of_channels_are_thresholds(shape: tuple[int, ...], kind: type[np.generic], reach: int) -> None:
    node = threshold(shape[1], 40, -20, reach)
    given = Integers(shape[1:], -reach, reach - 1)
    values = RANDOM.integers(-reach, reach, shape).astype(kind)
    other = RANDOM.integers(-100, 101, shape)
    levels = evaluate_node(node, [values.astype(np.int64)])
    assert tabulates(node, given)
    assert same(*tabulated(node, given)([values]), levels)
    assert same(*joined(node, given)([values]), levels)
    assert same(*joined(node, given, relu=True)([values]), np.maximum(levels, 0))
    assert same(*joined(node, given, other=True)([values, other]), levels + other)
    total = np.maximum(levels + other, 0)
    assert same(*joined(node, given, other=True, relu=True)([values, other]), total)
    coarser = Requantize(name="q", inputs=("t",), subdivisions=15, smallest=0, largest=200)
    step = exact_step(coarser, Integers(shape[1:], 0, 120))
    found, steps = joined(node, given, other=True, relu=True, step=step)([values, other])
    assert same(found, total)
    assert steps.dtype == np.uint8
    assert same(steps, evaluate_node(coarser, [total]))


def test_wide_ranges_are_left_to_others() -> None:
    node = threshold(3, 4, 0, 100)
    assert not tabulates(node, Integers((3, 2, 2), -(1 << 15), 1 << 15))
    assert not tabulates(threshold(3, 4, 1 << 16, 100), Integers((3, 2, 2), -5, 5))


@pytest.mark.parametrize("largest", [7, 255])
def test_steps_are_exact_for_every_integer(largest: int) -> None:
    done = 0
    for subdivisions in range(1, 400, 2):
        node = Requantize(name="q", inputs=("x",), subdivisions=subdivisions, smallest=0, largest=largest)
        for reach in (300, 3000):
            every = np.arange(-reach, reach + 1).reshape(1, 1, 1, -1)
            step = exact_step(node, Integers(every.shape[1:], -reach, reach))
            # 1 / (2 * subdivisions), rounded up to 1 / 65536, is exact for small integers; else none is given.
            if step is None:
                assert reach == 3000 or subdivisions == 1 or 2 * reach * subdivisions > 1 << 15
                continue
            done += 1
            assert same(*stepped(step)([every]), evaluate_node(node, [every])), (subdivisions, reach)
    assert done


@pytest.mark.parametrize(
    ("options", "reach"),
    [
        ({"subdivisions": 1, "smallest": 0, "largest": 7}, 100),
        ({"subdivisions": 5, "smallest": -3, "largest": 7}, 100),
        ({"subdivisions": 5, "smallest": 0, "largest": 256}, 100),
        ({"subdivisions": 5, "smallest": 0, "largest": 7}, 20_000),
    ],
)
def test_steps_that_are_not_a_multiplication_of_16_bits_are_left_to_others(options: dict[str, int], reach: int) -> None:
    assert exact_step(Requantize(name="q", inputs=("x",), **options), Integers((2, 2, 2), -reach, reach)) is None


def graph_of(core: tuple[Node, ...], head: tuple[FloatOperation, ...], reach: int = 100) -> IntegerGraph:
    stem = (Quantize(step=1.0, smallest=-reach, largest=reach),)
    return IntegerGraph(image_shape=(4, 3, 3), stem=stem, core=core, head=head)


def test_odd_graphs_are_computed_as_they_are() -> None:
    first, second = threshold(4, 30, -15, 100, "first", "input"), threshold(4, 30, -15, 30, "second", "input")
    third, huge = threshold(4, 5, 0, 30, "third", "sum"), threshold(4, 5, 32_000, 30, "huge", "input")
    flat = (Flatten(name="flat", inputs=("last",)), threshold(36, 3, 0, 20, "features", "flat"))
    cores: tuple[tuple[Node, ...], ...] = (
        (first, Add(name="last", inputs=("first", "first"))),
        (first, second, Add(name="last", inputs=("first", "second"))),
        (first, second, Add(name="sum", inputs=("second", "first")), Relu(name="last", inputs=("sum",))),
        (first, Add(name="sum", inputs=("input", "first")), third, Add(name="last", inputs=("sum", "third"))),
        (
            first,
            Add(name="sum", inputs=("first", "input")),
            Relu(name="relu", inputs=("sum",)),
            third,
            Add(name="last", inputs=("relu", "third")),
        ),
        (huge, Add(name="sum", inputs=("huge", "huge")), Add(name="last", inputs=("sum", "huge"))),
        (huge, first, Add(name="last", inputs=("huge", "first")), *flat),
        (first, Relu(name="last", inputs=("first",)), *flat, Relu(name="end", inputs=("features",))),
    )
    integers = RANDOM.integers(-100, 101, (2, 4, 3, 3))
    for core in cores:
        head = (FloatFlatten(),) if core[-1].name == "last" else (FloatRelu(),)
        graph = graph_of(core, head)
        expected = IntegerEvaluator(graph).core(integers)
        for fused in (False, True):
            found = IntegerNetwork(graph, fused=fused).core(integers)
            assert all(same(found[name], expected[name]) for name in found), [node.name for node in core]
            assert graph.output in found
            assert fused or found.keys() == expected.keys()


@pytest.mark.parametrize("reach", [100, 100_000])
def test_stems_of_any_range_are_taken(reach: int) -> None:
    graph = graph_of((Relu(name="last", inputs=("input",)),), (FloatFlatten(),), reach)
    images = torch.linspace(-reach, reach, 36).reshape(1, 4, 3, 3)
    assert torch.equal(IntegerNetwork(graph)(images), IntegerEvaluator(graph).logits(images))
    assert float(IntegerNetwork(graph)(images).max()) == reach


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((1, 4, 3, 3)), r"images are float64; they need to be a tensor of floats \(images, \*\(4, 3, 3\)\)"),
        ([[0.0]], "images are list"),
        (torch.zeros(1, 4, 3, 3, dtype=torch.int64), "images are torch.int64"),
        (torch.zeros(1, 3, 3, 3), r"images have the shape \(1, 3, 3, 3\)"),
        (torch.zeros(0, 4, 3, 3), r"images have the shape \(0, 4, 3, 3\)"),
        (torch.full((1, 4, 3, 3), torch.nan), "images hold nan to nan; they need to be finite"),
    ],
)
def test_images_that_do_not_fit_are_refused(images: Any, message: str) -> None:
    graph = graph_of((Relu(name="last", inputs=("input",)),), (FloatFlatten(),))
    for run in (IntegerNetwork(graph), IntegerEvaluator(graph).logits):
        with pytest.raises(ValueError, match=message):
            run(images)


def test_other_weights_are_left_to_numpy() -> None:
    weights = np.array([[-128, 1, 1, 0]], np.int8).reshape(1, 4, 1, 1)
    stem = (Quantize(step=1.0, smallest=0, largest=7),)
    layer = Convolution(
        name="last", inputs=("input",), weights=weights, accumulator=Accumulator(bits=12), stride=1, padding=0
    )
    graph = IntegerGraph(image_shape=(4, 3, 3), stem=stem, core=(layer,), head=(FloatFlatten(),))
    integers = RANDOM.integers(0, 8, (2, 4, 3, 3))
    network = IntegerNetwork(graph)
    assert network.on_kernels == []
    assert same(network.core(integers)["last"], IntegerEvaluator(graph).core(integers)["last"])


def test_sums_take_thresholds_and_relu_along() -> None:
    core = (
        threshold(4, 30, -15, 100, "first", "input"),
        Add(name="sum", inputs=("first", "input")),
        Relu(name="relu", inputs=("sum",)),
    )
    graph = graph_of(core, (FloatFlatten(),))
    (step,) = Plan(graph, None, True).steps
    assert (step.names, step.inputs) == (["relu"], ["input", "input"])
    assert [step.names for step in Plan(graph, None, False).steps] == [["first"], ["sum"], ["relu"]]


def coarser(name: str, source: str, subdivisions: int = 5) -> Requantize:
    return Requantize(name=name, inputs=(source,), subdivisions=subdivisions, smallest=0, largest=7)


def test_sums_take_coarser_steps_along_and_the_same_steps_are_taken_once() -> None:
    core = (
        coarser("early", "input"),
        threshold(4, 30, -15, 7, "first", "early"),
        Add(name="sum", inputs=("first", "input")),
        Relu(name="relu", inputs=("sum",)),
        coarser("taken along", "relu"),
        coarser("the same", "relu"),
        coarser("another", "relu", subdivisions=3),
        Add(name="of both", inputs=("taken along", "the same")),
        Add(name="last", inputs=("of both", "another")),
    )
    graph = graph_of(core, (FloatFlatten(),))
    network = IntegerNetwork(graph)
    integers = RANDOM.integers(-100, 101, (3, 4, 3, 3))
    found, expected = network.core(integers), IntegerEvaluator(graph).core(integers)
    assert ["relu", "taken along"] in [step.names for step in Plan(graph, None, True).steps]
    assert found.keys() == expected.keys() - {"first", "sum", "the same"}
    assert all(same(values, expected[name]) for name, values in found.items())
    assert IntegerNetwork(graph, fused=False).core(integers).keys() == expected.keys()


def test_the_last_node_stays_even_if_it_is_the_same_as_another() -> None:
    graph = graph_of((coarser("first", "input"), coarser("last", "input")), (FloatFlatten(),))
    integers = RANDOM.integers(-100, 101, (3, 4, 3, 3))
    assert same(IntegerNetwork(graph).core(integers)["last"], IntegerEvaluator(graph).core(integers)["last"])


def test_images_that_overflow_the_stem_are_refused() -> None:
    """Their NaN becomes a number that tables have no entry for."""
    factors = (np.full(1, 1e30, np.float32), np.zeros(1, np.float32))
    stem = (*(FloatScale(factors=factor) for factor in factors), Quantize(step=1.0, smallest=60, largest=90))
    core = (threshold(4, 5, 0, 90, "last", "input"),)
    graph = IntegerGraph(image_shape=(4, 3, 3), stem=stem, core=core, head=(FloatFlatten(),))
    with pytest.raises(ValueError, match="allowed are 60 to 90"):
        IntegerNetwork(graph)(torch.full((1, 4, 3, 3), 1e38))


def test_steps_of_32_bit_sums_are_left_to_others_at_once() -> None:
    node = Requantize(name="q", inputs=("x",), subdivisions=5, smallest=0, largest=7)
    assert exact_step(node, Integers((2, 2, 2), -(1 << 31), (1 << 31) - 1)) is None
