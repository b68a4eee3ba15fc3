"""The NumPy evaluator's arithmetic against the reference arithmetic and against single words."""

from typing import Any

import numpy as np
import pytest
import torch

from models.arithmetic import absolute, cyclic, relu_like, wrap
from models.arithmetic.carries import packed_sum
from models.integer_network.evaluator import IntegerEvaluator, evaluate_node, fold, packed_sums
from models.integer_network.float_operations import FloatAveragePool, FloatFlatten, FloatLinear, FloatRelu, Quantize
from models.integer_network.graph import IntegerGraph
from models.integer_network.nodes import Add, MaxPool, Node, PaddedShortcut, Relu, Requantize, Threshold
from models.quantization.accumulators import Accumulator


@pytest.mark.parametrize("overflow", ["exact", "wrap", "cyclic", "relu-like", "absolute"])
@pytest.mark.parametrize("bits", [2, 3, 8, 12])
@pytest.mark.parametrize("slope", [1, 2, 5, 1000])
@pytest.mark.parametrize("packing", ["none", "buffer"])
def test_folds_equal_the_reference(overflow: str, bits: int, slope: int, packing: str) -> None:
    if bits == 2 and packing == "buffer":
        return
    accumulator = Accumulator(bits=bits, slope=slope, overflow=overflow, packing=packing)  # type: ignore[arg-type]
    sums = torch.arange(-3 << bits, (3 << bits) + 1)
    width = accumulator.value_bits
    expected = {
        "exact": sums,
        "wrap": wrap(sums, width),
        "cyclic": cyclic(sums, width, slope),
        "relu-like": relu_like(sums, width, slope),
        "absolute": absolute(sums, width),
    }[overflow]
    assert np.array_equal(fold(sums.numpy(), accumulator), expected.numpy())


@pytest.mark.parametrize("word_bits", [32, 64])
@pytest.mark.parametrize("bits", [3, 8, 10, 12, 24, 32])
@pytest.mark.parametrize("length", [1, 5, 64, 333])
@pytest.mark.parametrize("smallest", [0, -3])
def test_packed_sums_equal_the_reference_and_words_added_one_by_one(
    word_bits: int, bits: int, length: int, smallest: int
) -> None:
    generator = np.random.default_rng(bits * length)
    terms = generator.integers(smallest, 4, (2, 3, length))
    weights = generator.integers(-1, 2, (4, length))
    found = packed_sums(terms, weights, bits, word_bits)
    products = terms[:, :, np.newaxis] * weights
    expected = packed_sum(torch.from_numpy(products), bits, word_bits)  # type: ignore[arg-type]
    assert np.array_equal(found, expected.numpy() % (1 << bits))

    lanes, word = word_bits // bits, 0
    for start in range(0, length, lanes):
        for lane, product in enumerate(products[1, 2, 3, start : start + lanes].tolist()):
            word += (product % (1 << bits)) << (bits * lane)
        word %= 1 << word_bits
    assert found[1, 2, 3] == sum(word >> (bits * lane) for lane in range(lanes)) % (1 << bits)


def graph_of(*core: Node) -> IntegerGraph:
    return IntegerGraph(
        image_shape=(2, 4, 4),
        stem=(Quantize(step=1.0, smallest=-50, largest=50),),
        core=core,
        head=(FloatAveragePool(), FloatFlatten()),
    )


def test_nodes_of_the_stream_by_hand() -> None:
    graph = graph_of(
        Relu(name="relu", inputs=("input",)),
        Requantize(name="rounded", inputs=("input",), subdivisions=15, smallest=-2, largest=3),
        MaxPool(name="pool", inputs=("input",), kernel=3, stride=2, padding=1),
        PaddedShortcut(name="shortcut", inputs=("input",), stride=2, channels=1),
        Threshold(
            name="threshold",
            inputs=("input",),
            thresholds=np.array([[-10, 5, 5], [0, 2, 60]]),
            directions=np.array([1, -1]),
            lowest=-1,
        ),
        Add(name="sum", inputs=("relu", "input")),
    )
    images = torch.randint(-50, 51, (40, 2, 4, 4), generator=torch.Generator().manual_seed(0)).float()
    images[0, 0, 0] = torch.tensor([7, 8, -7, -8])
    evaluator = IntegerEvaluator(graph)
    values = evaluator.core(evaluator.graph.input_of(images))
    assert values["rounded"][0, 0, 0].tolist() == [0, 1, 0, -1]
    assert np.array_equal(values["rounded"], (images / 15).round().clamp(-2, 3).long().numpy())
    assert np.array_equal(values["pool"], torch.nn.functional.max_pool2d(images, 3, 2, 1).long().numpy())
    assert np.array_equal(values["shortcut"][:, :2], images[:, :, ::2, ::2].long().numpy())
    assert not values["shortcut"][:, 2:].any()
    first, second = images[:, 0], images[:, 1]
    assert np.array_equal(values["threshold"][:, 0], -1 + (first >= -10).long() + 2 * (first >= 5).long())
    assert np.array_equal(values["threshold"][:, 1], -1 + (second <= 0).long() + (second <= -2).long())
    assert np.array_equal(values["sum"], (images.relu() + images).long().numpy())
    expected = (images.relu() + images).mean((2, 3))
    assert torch.allclose(evaluator.logits(images), expected)


def test_one_nodes_integers_need_no_node_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = graph_of(
        Relu(name="relu", inputs=("input",)),
        MaxPool(name="pool", inputs=("input",), kernel=2, stride=2, padding=0),
        Add(name="sum", inputs=("relu", "input")),
    )
    images = torch.randint(-50, 51, (40, 2, 4, 4), generator=torch.Generator().manual_seed(0)).float()
    evaluator = IntegerEvaluator(graph)
    values = evaluator.core(evaluator.graph.input_of(images))
    for name, expected in values.items():
        assert np.array_equal(evaluator.integers(name, images), expected)
    evaluated: list[str] = []

    def noted(node: Node, inputs: Any) -> Any:
        evaluated.append(node.name)
        return evaluate_node(node, inputs)

    monkeypatch.setattr("models.integer_network.evaluator.evaluate_node", noted)
    evaluator.integers("pool", images)
    assert set(evaluated) == {"relu", "pool"}
    with pytest.raises(ValueError, match=r"images have the shape \(1, 2, 2, 2\)"):
        evaluator.integers("pool", images[:1, :, :2, :2])


def test_inputs_that_do_not_fit_are_refused() -> None:
    evaluator = IntegerEvaluator(graph_of(Relu(name="relu", inputs=("input",))))
    for shape in ((3, 2, 4, 5), (0, 2, 4, 4)):
        with pytest.raises(ValueError, match=r"it needs integers \(images, "):
            evaluator.core(np.zeros(shape, np.int64))
    with pytest.raises(ValueError, match="input is float64"):
        evaluator.core(np.zeros((3, 2, 4, 4)))
    with pytest.raises(ValueError, match="input holds 0 to 51; allowed are -50 to 50"):
        evaluator.core(np.arange(52).repeat(32).reshape(52, 2, 4, 4))


def test_a_stem_of_several_operations_runs_in_order() -> None:
    images = torch.randn(3, 1, 2, 2, generator=torch.Generator().manual_seed(0))
    graph = IntegerGraph(
        image_shape=(1, 2, 2),
        stem=(FloatRelu(), Quantize(step=0.25, smallest=0, largest=3)),
        core=(Relu(name="relu", inputs=("input",)),),
        head=(FloatFlatten(), FloatLinear(weights=np.eye(4, dtype=np.float32), bias=np.ones(4, np.float32))),
    )
    expected = (images.relu() / 0.25).round().clamp(0, 3).flatten(1) + 1
    assert torch.equal(IntegerEvaluator(graph).logits(images), expected)
