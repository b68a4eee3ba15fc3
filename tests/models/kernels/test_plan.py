"""Plans: fused nodes give the evaluator's integers, and what has no kernel is left to the evaluator."""

from typing import Any

import numpy as np
import pytest
import torch

from models.backbones.registry import NETWORKS
from models.integer_network.builder import export_network
from models.integer_network.evaluator import IntegerEvaluator
from models.integer_network.float_operations import FloatFlatten, FloatOperation, FloatRelu, FloatScale, Quantize
from models.integer_network.graph import IntegerGraph
from models.integer_network.nodes import (
    Add,
    Convolution,
    Flatten,
    MaxPool,
    Node,
    PaddedShortcut,
    Relu,
    Requantize,
    SumPool,
    Threshold,
)
from models.kernels import IntegerNetwork
from models.kernels.layouts import Array
from models.kernels.plan import Plan
from models.quantization.accumulators import Accumulator
from tests.support.integer_networks import PIXELS, trained_network
from tests.support.kernels import random_threshold, same

RANDOM = np.random.default_rng(0)


def threshold(channels: int, levels: int, lowest: int, reach: int, name: str, source: str) -> Threshold:
    return random_threshold(RANDOM, channels, levels, lowest, reach, name, source)


def graph_of(core: tuple[Node, ...], head: tuple[FloatOperation, ...], reach: int = 100) -> IntegerGraph:
    stem = (Quantize(step=1.0, smallest=-reach, largest=reach),)
    return IntegerGraph(image_shape=(4, 3, 3), stem=stem, core=core, head=head)


def test_unusual_graphs_give_the_evaluators_integers() -> None:
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
        check_again_and_again(graph, integers)


@pytest.mark.parametrize("name", ["resnet18", "alexnet"])
def test_a_stem_and_its_pool_are_one_step(name: str) -> None:
    network, _ = trained_network(name, pixels=PIXELS[3])
    graph = export_network(network, NETWORKS[name].image_shape)
    pool = next(node.name for node in graph.core if isinstance(node, MaxPool))
    first, *others = Plan(graph, "swar", True).steps
    assert (list(first.names), list(first.inputs)) == ([pool], ["input"])
    assert pool not in {name for step in others for name in step.names}


def test_pools_wider_than_the_kernels_take_are_computed_apart() -> None:
    layer = Convolution(
        name="layer",
        inputs=("input",),
        weights=np.array([1, -2, 3], np.int8).reshape(1, 3, 1, 1),
        accumulator=Accumulator(bits=32, overflow="exact"),
        stride=1,
        padding=0,
    )
    falling = Threshold(
        name="levels",
        inputs=("layer",),
        thresholds=np.arange(-490, 500, 35)[np.newaxis],
        directions=np.array([-1]),
        lowest=0,
    )
    for kernel, steps in ((64, 1), (65, 2)):
        pool = MaxPool(name="pool", inputs=("levels",), kernel=kernel, stride=3, padding=2)
        core = (layer, falling, pool)
        graph = IntegerGraph(image_shape=(3, 70, 66), core=core, white=255, head=(FloatFlatten(),))
        assert len(Plan(graph, None, True).steps) == steps
        pixels = RANDOM.integers(0, 256, (2, 3, 70, 66)).astype(np.uint8)
        assert same(IntegerNetwork(graph).last(pixels), IntegerEvaluator(graph).core(pixels)["pool"])


def test_levels_of_more_than_32_bits_are_the_evaluators() -> None:
    sums: list[Node] = [Add(name="0", inputs=("input", "input"))]
    sums += [Add(name=str(number), inputs=(str(number - 1),) * 2) for number in range(1, 30)]
    levels = Threshold(
        name="levels",
        inputs=("29",),
        thresholds=np.array([[-(1 << 33), 1 << 32, 1 << 34]]).repeat(4, 0),
        directions=np.array([1, -1, 1, -1]),
        lowest=0,
    )
    graph = graph_of((*sums, levels), (FloatFlatten(),))
    integers = RANDOM.integers(-100, 101, (2, 4, 3, 3))
    assert same(IntegerNetwork(graph).last(integers), IntegerEvaluator(graph).core(integers)["levels"])


@pytest.mark.parametrize("reach", [100, 100_000])
def test_maps_are_moved_and_added(reach: int) -> None:
    """Signed shorts in C, words by the evaluator; bytes after a requantization; a view of its input, still read."""
    shortcut = PaddedShortcut(name="shortcut", inputs=("input",), stride=2, channels=3)
    pool = SumPool(name="pool", inputs=("shortcut",))
    flat = Flatten(name="flat", inputs=("pool",))
    small = (coarser("small", "input"), PaddedShortcut(name="padded", inputs=("small",), stride=3, channels=1))
    cores: tuple[tuple[Node, ...], ...] = (
        (shortcut, pool, flat, Add(name="twice", inputs=("flat", "flat"))),
        (shortcut, Flatten(name="flat", inputs=("shortcut",)), Relu(name="last", inputs=("flat",))),
        (*small, Flatten(name="flat", inputs=("padded",)), coarser("coarse", "flat")),
        (*small, SumPool(name="pool", inputs=("small",)), flat, coarser("coarse", "flat")),
        (*small, MaxPool(name="pool", inputs=("small",), kernel=3, stride=1, padding=1)),
        (MaxPool(name="pool", inputs=("input",), kernel=3, stride=2, padding=0), flat, coarser("last", "flat")),
    )
    integers = RANDOM.integers(-reach, reach + 1, (3, 4, 3, 3))
    for core in cores:
        graph = graph_of(core, (FloatFlatten(),) if core[-1].name == "pool" else (FloatRelu(),), reach)
        expected, found = IntegerEvaluator(graph).core(integers), IntegerNetwork(graph).core(integers)
        assert all(same(found[name], expected[name]) for name in found), [node.name for node in core]
        check_again_and_again(graph, integers)


def check_again_and_again(graph: IntegerGraph, integers: Array) -> None:
    """What is written down for a shape of images and done again on others."""
    network, logits = IntegerNetwork(graph), IntegerEvaluator(graph).logits
    for images in (integers, integers[::-1], integers[:1], -integers, integers):
        assert torch.equal(network(torch.tensor(images.copy()).float()), logits(torch.tensor(images.copy()).float()))


@pytest.mark.parametrize("reach", [100, 100_000])
def test_stems_may_have_any_range(reach: int) -> None:
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


@pytest.mark.parametrize(
    ("kind", "smallest", "largest", "accumulator", "on_kernels"),
    [
        ("int8", 0, 7, Accumulator(bits=12), True),
        ("int8", 0, 255, Accumulator(bits=32, overflow="exact"), True),
        ("int16", 0, 7, Accumulator(bits=14), False),
        ("int8", -1, 7, Accumulator(bits=12), False),
        ("int8", 0, 7, Accumulator(bits=17), False),
        ("int8", 0, 7, Accumulator(bits=12, overflow="absolute"), False),
    ],
)
def test_other_weights_and_exact_sums_have_kernels_and_the_evaluator_takes_the_rest(
    kind: str, smallest: int, largest: int, accumulator: Accumulator, on_kernels: bool
) -> None:
    weights = np.array([[-128 if kind == "int8" else -129, 1, 1, 0]], kind).reshape(1, 4, 1, 1)
    stem = (Quantize(step=1.0, smallest=smallest, largest=largest),)
    layer = Convolution(name="last", inputs=("input",), weights=weights, accumulator=accumulator, stride=1, padding=0)
    graph = IntegerGraph(image_shape=(4, 3, 3), stem=stem, core=(layer,), head=(FloatFlatten(),))
    integers = RANDOM.integers(smallest, largest + 1, (2, 4, 3, 3))
    network, plan = IntegerNetwork(graph), Plan(graph, None, True)
    assert (network.on_kernels, plan.on_evaluator) == ((["last"], []) if on_kernels else ([], ["last"]))
    assert same(network.core(integers)["last"], IntegerEvaluator(graph).core(integers)["last"])


def test_sums_absorb_thresholds_and_relu() -> None:
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


def test_sums_absorb_a_requantization_and_equal_ones_are_computed_once() -> None:
    core = (
        coarser("early", "input"),
        threshold(4, 30, -15, 7, "first", "early"),
        Add(name="sum", inputs=("first", "input")),
        Relu(name="relu", inputs=("sum",)),
        coarser("absorbed", "relu"),
        coarser("equal", "relu"),
        coarser("another", "relu", subdivisions=3),
        Add(name="of both", inputs=("absorbed", "equal")),
        Add(name="last", inputs=("of both", "another")),
    )
    graph = graph_of(core, (FloatFlatten(),))
    network = IntegerNetwork(graph)
    integers = RANDOM.integers(-100, 101, (3, 4, 3, 3))
    found, expected = network.core(integers), IntegerEvaluator(graph).core(integers)
    assert ["relu", "absorbed"] in [step.names for step in Plan(graph, None, True).steps]
    assert found.keys() == expected.keys() - {"first", "sum", "equal"}
    assert all(same(values, expected[name]) for name, values in found.items())
    assert IntegerNetwork(graph, fused=False).core(integers).keys() == expected.keys()


def test_the_last_node_stays_even_if_it_equals_another() -> None:
    graph = graph_of((coarser("first", "input"), coarser("last", "input")), (FloatFlatten(),))
    integers = RANDOM.integers(-100, 101, (3, 4, 3, 3))
    assert same(IntegerNetwork(graph).core(integers)["last"], IntegerEvaluator(graph).core(integers)["last"])


def test_images_that_overflow_the_stem_are_refused() -> None:
    """Their NaN would become an integer without an entry in the tables."""
    factors = (np.full(1, 1e30, np.float32), np.zeros(1, np.float32))
    stem = (*(FloatScale(factors=factor) for factor in factors), Quantize(step=1.0, smallest=60, largest=90))
    core = (threshold(4, 5, 0, 90, "last", "input"),)
    graph = IntegerGraph(image_shape=(4, 3, 3), stem=stem, core=core, head=(FloatFlatten(),))
    with pytest.raises(ValueError, match="allowed are 60 to 90"):
        IntegerNetwork(graph)(torch.full((1, 4, 3, 3), 1e38))


def test_the_evaluator_computes_nothing_that_has_a_kernel() -> None:
    core = (
        coarser("coarse", "input"),
        Convolution(
            name="layer",
            inputs=("coarse",),
            weights=RANDOM.choice(np.array([-1, 1], np.int8), (6, 4, 3, 3)),
            accumulator=Accumulator(bits=8),
            stride=1,
            padding=1,
        ),
        threshold(6, 30, -15, 100, "levels", "layer"),
        Relu(name="relu", inputs=("levels",)),
    )
    graph = graph_of(core, (FloatFlatten(),))
    for fused in (False, True):
        plan = Plan(graph, None, fused)
        assert (plan.on_kernels, plan.on_evaluator) == (["layer"], ["relu"])


def test_branches_of_wider_weights_join_in_one_step_too() -> None:
    network, _ = trained_network("resnet20", bits=12, weights="4", accumulator_bits=12)
    graph = export_network(network, (3, 32, 32))
    assert not Plan(graph, "swar", True).on_evaluator
