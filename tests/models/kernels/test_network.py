"""Exported networks on the kernels: every layer's integers, and the logits, are those of the integer evaluator."""

import itertools
from typing import Any

import numpy as np
import pytest

from models.backbones.registry import NETWORKS
from models.integer_network.builder import export_network
from models.integer_network.evaluator import IntegerEvaluator
from models.integer_network.nodes import WeightedNode
from models.kernels import IntegerNetwork, available_paths
from tests.support.integer_networks import trained_network

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
    stem = evaluator.stem(images)
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
