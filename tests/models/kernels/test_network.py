"""Exported networks on the kernels: every layer's integers, and the logits, are those of the integer evaluator."""

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from models.backbones.registry import NETWORKS
from models.integer_network.builder import export_network
from models.integer_network.evaluator import IntegerEvaluator
from models.integer_network.graph import IntegerGraph
from models.integer_network.nodes import WeightedNode
from models.kernels import IntegerNetwork, available_paths
from tests.support.integer_networks import PIXELS, pixels_of, trained_network

CASES = [
    *itertools.product(("digits", "vgg7", "resnet20"), ("binary", "ternary"), ("cyclic",), (8, 12)),
    ("alexnet", "binary", "cyclic", 8),
    ("resnet18", "binary", "cyclic", 8),
    ("digits", "binary", "wrap", 8),
    ("vgg7", "ternary", "relu-like", 8),
]


@pytest.mark.parametrize("path", available_paths())
@pytest.mark.parametrize(("name", "weights", "overflow", "bits"), CASES)
def test_every_layer_and_the_logits_are_the_evaluators(
    name: str, weights: Any, overflow: str, bits: int, path: str
) -> None:
    network, images = trained_network(name, overflow=overflow, bits=bits, weights=weights, images=2)
    graph = export_network(network, NETWORKS[name].image_shape)
    evaluator = IntegerEvaluator(graph)
    stem = evaluator.graph.input_of(images)
    expected = evaluator.core(stem)
    by_layer, fused = (IntegerNetwork(graph, path=path, fused=fuse) for fuse in (False, True))
    found = by_layer.core(stem)
    assert found.keys() == expected.keys()
    for layer, values in expected.items():
        assert np.array_equal(found[layer], values), layer
    assert by_layer.on_kernels == [node.name for node in graph.core if isinstance(node, WeightedNode)]
    fewer = fused.core(stem)
    assert len(fewer) < len(found)
    assert all(np.array_equal(fewer[layer], expected[layer]) for layer in fewer)
    assert np.array_equal(fused(images).numpy(), evaluator.logits(images).numpy())


@pytest.mark.parametrize("path", available_paths())
@pytest.mark.parametrize("name", ["digits", "vgg7", "alexnet", "resnet20", "resnet18"])
def test_networks_without_floats_give_the_evaluators_integers(name: str, path: str) -> None:
    scale = PIXELS[NETWORKS[name].image_shape[0]]
    network, images = trained_network(name, images=2, pixels=scale)
    graph = export_network(network, NETWORKS[name].image_shape)
    pixels = pixels_of(images, scale)
    expected = IntegerEvaluator(graph).core(pixels.numpy())
    for fused in (False, True):
        engine = IntegerNetwork(graph, path=path, fused=fused)
        found = engine.core(pixels.numpy())
        assert fused or found.keys() == expected.keys()
        assert all(np.array_equal(values, expected[layer]) for layer, values in found.items())
        scores = engine(pixels)
        assert scores.dtype == torch.int32
        assert np.array_equal(scores.numpy(), expected[graph.output])
        assert torch.equal(engine(pixels.numpy()), scores)
        assert torch.equal(engine(pixels.flip(0)), scores.flip(0))
        assert torch.equal(engine(pixels.to(memory_format=torch.channels_last)), scores)
        assert torch.equal(engine(pixels[:1]), scores[:1])


@pytest.fixture(scope="module")
def whole() -> tuple[IntegerGraph, Tensor]:
    network, images = trained_network("digits", images=2, pixels=PIXELS[1])
    return export_network(network, NETWORKS["digits"].image_shape), pixels_of(images, PIXELS[1])


def test_threads_share_a_network(whole: tuple[IntegerGraph, Tensor]) -> None:
    """Each has its own memory: with one for all, they would overwrite each other's integers."""
    graph, images = whole
    network, batches = IntegerNetwork(graph), [images.roll(shift, -1).repeat(20, 1, 1, 1) for shift in range(4)]
    expected = [network(batch) for batch in batches]
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: [network(batch) for batch in batches], range(12)):
            assert all(torch.equal(one, other) for one, other in zip(found, expected, strict=True))


def test_images_of_any_shape_and_order_take_turns(whole: tuple[IntegerGraph, Tensor]) -> None:
    """More shapes than are remembered; earlier results stay as they are."""
    graph, images = whole
    network, evaluator = IntegerNetwork(graph), IntegerEvaluator(graph)
    array = images.repeat(8, 1, 1, 1).numpy()
    views = [
        *(array[:count] for count in (1, 2, 3, 5, 8)),
        array[::-1],
        array[..., ::-1],
        array.transpose(0, 1, 3, 2),
        np.broadcast_to(array[:1], array.shape),
    ]
    expected = [evaluator.logits(torch.from_numpy(view.copy())) for view in views]
    found = [network(view) for view in (*views, *views, *views[::-1])]
    for one, other in zip(found, (*expected, *expected, *expected[::-1]), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (Tensor.float, r"images are torch\.float32; they need to be uint8 \(images, \*\(1, 8, 8\)\)"),
        (Tensor.int, r"images are torch\.int32"),
        (lambda images: images.numpy().astype(np.int8), "images are int8"),
        (Tensor.tolist, "images are list"),
        (Tensor.to_sparse, r"images are torch\.sparse_coo"),
        (lambda images: images.to("meta"), "on meta"),
        (lambda images: images[0], "images have the shape"),
        (lambda images: images[:0], "images have the shape"),
        (lambda images: images[..., :7].numpy(), "images have the shape"),
        (lambda images: images.repeat(1, 3, 1, 1), "images have the shape"),
        (lambda images: images + 1, "images hold pixels up to 17; white is 16"),
    ],
)
def test_other_pixels_are_refused(
    change: Callable[[Tensor], Any], message: str, whole: tuple[IntegerGraph, Tensor]
) -> None:
    graph, images = whole
    for engine in (IntegerNetwork(graph), IntegerEvaluator(graph).logits):
        with pytest.raises(ValueError, match=message):
            engine(change(images))


Engine = Callable[[Tensor], Tensor]


@pytest.fixture(scope="module")
def exported() -> tuple[IntegerGraph, Tensor]:
    network, images = trained_network("digits", images=2)
    return export_network(network, NETWORKS["digits"].image_shape), images


@pytest.fixture(params=[*available_paths(), "evaluator"])
def engine(request: pytest.FixtureRequest, exported: tuple[IntegerGraph, Tensor]) -> Engine:
    graph, _ = exported
    return IntegerEvaluator(graph).logits if request.param == "evaluator" else IntegerNetwork(graph, path=request.param)


@pytest.mark.parametrize("kind", [torch.float64, torch.float16, torch.bfloat16])
def test_floats_of_other_widths_are_computed_as_float32(
    kind: torch.dtype, engine: Engine, exported: tuple[IntegerGraph, Tensor]
) -> None:
    images = exported[1].to(kind)
    found = engine(images)
    assert found.dtype == torch.float32
    assert torch.equal(found, engine(images.float()))


def test_views_and_parameters_are_taken(engine: Engine, exported: tuple[IntegerGraph, Tensor]) -> None:
    images = exported[1]
    expected = engine(images)
    assert torch.equal(engine(images.transpose(2, 3).contiguous().transpose(2, 3)), expected)
    assert torch.equal(engine(images.repeat_interleave(2, 3)[..., ::2]), expected)
    assert torch.equal(engine(torch.nn.Parameter(images)), expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (Tensor.int, r"images are torch\.int32"),
        (Tensor.bool, r"images are torch\.bool"),
        (Tensor.byte, r"images are torch\.uint8"),
        (lambda images: images.to(torch.complex64), r"images are torch\.complex64"),
        (Tensor.numpy, "images are float32"),
        (Tensor.tolist, "images are list"),
        (lambda images: None, "images are NoneType"),
        (Tensor.to_sparse, r"images are torch\.sparse_coo"),
        (lambda images: images.to("meta"), "on meta"),
        (lambda images: images[0], "images have the shape"),
        (lambda images: images[:0], "images have the shape"),
        (lambda images: images[..., :7], "images have the shape"),
        (lambda images: images.sum(), "images have the shape"),
        (lambda images: images * torch.nan, "they need to be finite"),
        (lambda images: images.double() * 1e300, "they need to be finite"),
        (lambda images: images / 0, "they need to be finite"),
    ],
)
def test_other_images_are_refused(
    change: Callable[[Tensor], Any], message: str, engine: Engine, exported: tuple[IntegerGraph, Tensor]
) -> None:
    with pytest.raises(ValueError, match=message):
        engine(change(exported[1]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda array: torch.from_numpy(array), "input is Tensor; it needs an array of integers"),
        (lambda array: array.tolist(), "input is list"),
        (lambda array: array.astype(float), "input is float64"),
        (lambda array: array[0], "needs integers"),
        (lambda array: array + 1000, "input holds"),
    ],
)
def test_other_integers_are_refused(
    change: Callable[[Any], Any], message: str, exported: tuple[IntegerGraph, Tensor]
) -> None:
    graph, images = exported
    evaluator = IntegerEvaluator(graph)
    integers = change(evaluator.graph.input_of(images))
    for core in (evaluator.core, IntegerNetwork(graph).core):
        with pytest.raises(ValueError, match=message):
            core(integers)


@pytest.mark.parametrize("kind", ["int8", "uint8", "int32", ">i4", "uint64"])
def test_integers_of_any_width_are_taken(kind: str, exported: tuple[IntegerGraph, Tensor]) -> None:
    graph, images = exported
    evaluator = IntegerEvaluator(graph)
    integers = evaluator.graph.input_of(images)
    expected = evaluator.core(integers)[graph.output]
    for core in (evaluator.core, *(IntegerNetwork(graph, path=path).core for path in available_paths())):
        assert np.array_equal(core(integers.astype(kind))[graph.output], expected)
