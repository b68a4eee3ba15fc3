"""ONNX models of exported networks: ONNX Runtime against the NumPy evaluator."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.backbones.registry import NETWORKS
from models.integer_network.builder import export_network
from models.integer_network.core import INPUT
from models.integer_network.evaluator import IntegerEvaluator
from models.integer_network.float_operations import FloatAveragePool, FloatFlatten, FloatLinear, Quantize, apply_all
from models.integer_network.graph import IntegerGraph
from models.integer_network.nodes import Add, Linear, MaxPool, Node, PaddedShortcut, Relu, Requantize, Threshold
from models.integer_network.onnx import IMAGES, LOGITS, SCORES, export_onnx
from models.quantization.accumulators import Accumulator
from tests.support.integer_networks import CASES, PIXELS, pixels_of, trained_network

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")


def session(path: Path) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def check(path: Path) -> None:
    onnx.checker.check_model(path, full_check=True)


def run_all(model: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    names = [output.name for output in model.get_outputs()]
    return dict(zip(names, model.run(names, inputs), strict=True))


def assert_same_core(graph: IntegerGraph, integers: Any, path: Path) -> None:
    export_onnx(graph, path, part="core", outputs="all")
    check(path)
    found = run_all(session(path), {INPUT: integers.astype(np.int32)})
    expected = IntegerEvaluator(graph).core(integers)
    assert list(found) == [node.name for node in graph.core]
    for name, array in found.items():
        assert array.dtype == np.int32
        assert np.array_equal(array, expected[name]), name


@pytest.mark.parametrize(("name", "overflow", "bits", "packing"), CASES)
def test_the_cores_integers_are_the_evaluators(
    name: str, overflow: str, bits: int, packing: str, tmp_path: Path
) -> None:
    network, images = trained_network(name, overflow=overflow, bits=bits, packing=packing)
    graph = export_network(network, NETWORKS[name].image_shape)
    assert_same_core(graph, graph.input_of(images), tmp_path / "core.onnx")


@pytest.mark.parametrize(("weights", "relu"), [("ternary", False), ("4", False), ("bounded-4", True), ("8", True)])
def test_other_weights_and_signed_activations_too(weights: str, relu: bool, tmp_path: Path) -> None:
    options: dict[str, Any] = {"weights": weights, "relu": relu, "accumulator_bits": 14, "activation_bits": 4}
    network, images = trained_network("resnet20", bits=14, **options)
    graph = export_network(network, (3, 32, 32))
    assert_same_core(graph, graph.input_of(images), tmp_path / "core.onnx")


def test_signed_activations_carry_too(tmp_path: Path) -> None:
    network, images = trained_network("digits", packing="carries", weights="ternary", relu=False)
    graph = export_network(network, (1, 8, 8))
    assert_same_core(graph, graph.input_of(images), tmp_path / "core.onnx")


@pytest.mark.parametrize("name", ["digits", "vgg7", "alexnet", "resnet20", "resnet18"])
def test_whole_networks_give_the_logits(name: str, tmp_path: Path) -> None:
    network, images = trained_network(name, bits=10)
    graph = export_network(network, NETWORKS[name].image_shape)
    path = tmp_path / "network.onnx"
    export_onnx(graph, path)
    check(path)
    logits = run_all(session(path), {IMAGES: images.numpy()})
    assert list(logits) == [LOGITS]
    export_onnx(graph, path, outputs="all")
    found = run_all(session(path), {IMAGES: images.numpy()})
    # The stem is float: where a value lies on the border of two levels, ONNX Runtime may find the other one.
    assert (found[INPUT] == graph.input_of(images)).mean() > 0.999
    expected = IntegerEvaluator(graph).core(found[INPUT].astype(np.int64))
    assert list(found) == [LOGITS, *expected]
    for node, array in expected.items():
        assert np.array_equal(found[node], array), node
    head = apply_all(graph.head, torch.from_numpy(expected[graph.output]).float()).numpy()
    assert np.allclose(found[LOGITS], head, atol=1e-4)
    assert np.array_equal(found[LOGITS], logits[LOGITS])


@pytest.mark.parametrize("name", ["digits", "vgg7", "alexnet", "resnet20", "resnet18"])
def test_networks_without_floats_give_the_same_integers_from_the_pixels_to_the_scores(
    name: str, tmp_path: Path
) -> None:
    scale = PIXELS[NETWORKS[name].image_shape[0]]
    network, images = trained_network(name, bits=10, images=3, pixels=scale)
    graph = export_network(network, NETWORKS[name].image_shape)
    path = tmp_path / "network.onnx"
    export_onnx(graph, path, outputs="all")
    check(path)
    pixels = pixels_of(images, scale).numpy()
    found = run_all(session(path), {IMAGES: pixels})
    expected = IntegerEvaluator(graph).core(pixels)
    assert list(found) == [SCORES, *expected]
    assert np.array_equal(found[SCORES], expected[graph.output])
    for node, array in expected.items():
        assert found[node].dtype == np.int32
        assert np.array_equal(found[node], array), node


def test_operands_of_eight_bits_do_not_saturate(tmp_path: Path) -> None:
    for smallest, largest in ((0, 255), (-128, 127)):
        weights = np.full((4, 512), 127, np.int8) * np.array([[1], [-1], [1], [-1]], np.int8)
        graph = IntegerGraph(
            image_shape=(512, 1, 1),
            stem=(FloatFlatten(), Quantize(step=1.0, smallest=smallest, largest=largest)),
            core=(Linear(name="linear", inputs=(INPUT,), weights=weights, accumulator=Accumulator(overflow="exact")),),
            head=(),
        )
        integers = np.stack([np.full(512, smallest), np.full(512, largest), np.arange(512) % 200 + smallest])
        assert_same_core(graph, integers, tmp_path / "core.onnx")


def stream(*core: Node) -> IntegerGraph:
    return IntegerGraph(
        image_shape=(2, 5, 5),
        stem=(Quantize(step=1.0, smallest=-70, largest=70),),
        core=core,
        head=(FloatAveragePool(), FloatFlatten(), FloatLinear(weights=np.ones((3, 2), np.float32), bias=None)),
    )


def test_nodes_of_the_stream(tmp_path: Path) -> None:
    thresholds = np.sort(np.random.default_rng(1).integers(-90, 90, (2, 37)), 1)
    graph = stream(
        Relu(name="relu", inputs=(INPUT,)),
        Requantize(name="unsigned", inputs=(INPUT,), subdivisions=15, smallest=0, largest=3),
        Requantize(name="signed", inputs=(INPUT,), subdivisions=15, smallest=-4, largest=3),
        MaxPool(name="pool", inputs=(INPUT,), kernel=3, stride=2, padding=1),
        PaddedShortcut(name="shortcut", inputs=(INPUT,), stride=2, channels=3),
        Threshold(name="levels", inputs=(INPUT,), thresholds=thresholds, directions=np.array([1, -1]), lowest=-9),
        Add(name="sum", inputs=("relu", INPUT)),
    )
    integers = np.random.default_rng(0).integers(-70, 71, (30, 2, 5, 5))
    assert_same_core(graph, integers, tmp_path / "core.onnx")


def test_what_the_operators_cannot_hold_is_refused(tmp_path: Path) -> None:
    wide = Linear(name="wide", inputs=(INPUT,), weights=np.ones((2, 2), np.int8), accumulator=Accumulator(bits=31))
    flat = (FloatFlatten(), Quantize(step=1.0, smallest=0, largest=300))
    narrow = Linear(name="narrow", inputs=(INPUT,), weights=np.ones((2, 2), np.int8), accumulator=Accumulator(bits=12))
    heavy = Linear(
        name="heavy", inputs=(INPUT,), weights=np.full((2, 2), 128, np.int16), accumulator=Accumulator(bits=12)
    )
    steep = Linear(
        name="steep", inputs=(INPUT,), weights=np.ones((2, 2), np.int8), accumulator=Accumulator(bits=24, slope=1 << 20)
    )
    for core, largest, message in (
        (wide, 3, "accumulators of 31 bits"),
        (narrow, 300, "multiplies activations 0 to 300"),
        (heavy, 3, "'heavy' has weights up to 128"),
        (steep, 3, "'steep' has the slope 1048576 and 24 bits"),
    ):
        stem = (flat[0], Quantize(step=1.0, smallest=0, largest=largest))
        graph = IntegerGraph(image_shape=(2, 1, 1), stem=stem, core=(core,), head=())
        with pytest.raises(ValueError, match=message):
            export_onnx(graph, tmp_path / "core.onnx")
    assert not list(tmp_path.iterdir())


def test_bad_arguments_are_refused(tmp_path: Path) -> None:
    graph = stream(Relu(name="relu", inputs=(INPUT,)))
    with pytest.raises(ValueError, match="part is 'head'; allowed are network, core"):
        export_onnx(graph, tmp_path / "core.onnx", part="head")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="outputs is 'some'; allowed are last, all"):
        export_onnx(graph, tmp_path / "core.onnx", outputs="some")  # type: ignore[arg-type]


def test_without_onnx_the_message_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx.helper", None)
    with pytest.raises(ValueError, match=r"pip install 'wrapmac\[onnx\]'"):
        export_onnx(stream(Relu(name="relu", inputs=(INPUT,))), tmp_path / "core.onnx")


def test_the_number_of_images_is_open(tmp_path: Path) -> None:
    network, images = trained_network("digits")
    path = tmp_path / "network.onnx"
    export_onnx(export_network(network, (1, 8, 8)), path)
    model = session(path)
    for count in (1, 3):
        found = run_all(model, {IMAGES: images[:count].numpy()})[LOGITS]
        assert torch.from_numpy(found).shape == (count, 10)
