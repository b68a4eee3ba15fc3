"""Exported networks: every integer is the trained network's own."""

import itertools
from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.backbones.registry import NETWORKS, build_network
from models.backbones.resnet import ResidualBlock
from models.integer_network.builder import export_network
from models.integer_network.evaluator import IntegerEvaluator
from models.integer_network.graph import IntegerGraph
from models.integer_network.nodes import NODES, Convolution, Integers, Linear, Node, Threshold, WeightedNode
from models.quantization.accumulators import Accumulator
from models.quantization.channels import per_channel
from models.quantization.edges import PixelConv2d, ScoreLinear
from models.quantization.layers import QuantConv2d, QuantLinear, configure, quantized_layers
from models.quantization.observation import Request, observe
from models.quantization.pixels import PixelScale
from models.quantization.residual_grid import SUBDIVISIONS, ResidualGrid
from models.quantization.step_sizes import choose_step_sizes
from models.wrapnet.networks import WrapNetOptions
from tests.support.integer_networks import CASES, PIXELS, pixels_of, trained_network


def edge_integers(layer: PixelConv2d | ScoreLinear, given: Tensor) -> tuple[Tensor, Tensor]:
    """What an edge reads and its exact sums, float64."""
    weight = layer.quantized_weight()[0].double()
    if isinstance(layer, ScoreLinear):
        values = layer.activation(given).double()
        return values, values @ weight.T
    centred = layer.pixels(given).double()
    return centred + layer.pixels.zero_point, nn.functional.conv2d(centred, weight, None, layer.stride, layer.padding)


@torch.no_grad()
def run(network: nn.Module, images: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor], dict[str, Tensor], Tensor]:
    """A network's own integers, by module: layers' inputs, accumulators and streams; and its logits."""
    inputs: dict[str, Tensor] = {}
    accumulators: dict[str, Tensor] = {}
    streams: dict[str, Tensor] = {}
    hooks = []
    grids = [module for module in network.modules() if isinstance(module, ResidualGrid)]
    step = grids[0].activation.step if grids else torch.ones(())
    for name, module in network.named_modules():
        if isinstance(module, PixelConv2d | ScoreLinear):

            def keep_edge(layer: Any, given: Any, output: Tensor, name: str = name) -> None:
                values, sums = edge_integers(layer, given[0])
                weight_scale = layer.quantized_weight()[1]
                step = layer.pixels.step if isinstance(layer, PixelConv2d) else layer.activation.step
                assert torch.equal(sums.to(output.dtype) * per_channel(weight_scale * step, sums), output)
                inputs[name], accumulators[name] = values.long(), sums.long()

            hooks.append(module.register_forward_hook(keep_edge))
        elif isinstance(module, QuantConv2d | QuantLinear):

            def keep(layer: Any, given: Any, output: Tensor, name: str = name) -> None:
                inputs[name] = layer.activation(given[0]).long()
                sums = layer.seen.sums
                if layer.seen.carries is not None:
                    sums = sums + layer.seen.carries - layer.carry_mean.round()
                accumulated = layer.accumulator.apply(sums)
                scale = per_channel(layer.quantized_weight()[1] * layer.activation.step, accumulated)
                assert torch.equal(accumulated * scale, output)
                accumulators[name] = accumulated.long()

            hooks.append(module.register_forward_hook(keep))
        elif isinstance(module, ResidualBlock):

            def keep_stream(_block: Any, _given: Any, output: Tensor, name: str = name) -> None:
                streams[name] = (output * SUBDIVISIONS / step).round().long()

            hooks.append(module.register_forward_hook(keep_stream))
    with observe(quantized_layers(network), Request.SUMS | Request.CARRIES):
        logits = network(images)
    for hook in hooks:
        hook.remove()
    return inputs, accumulators, streams, logits


def assert_same(network: nn.Module, images: Tensor, graph: IntegerGraph, scale: PixelScale | None = None) -> None:
    inputs, accumulators, streams, logits = run(network, images)
    evaluator = IntegerEvaluator(graph)
    read = images if scale is None else pixels_of(images, scale)
    values = evaluator.core(graph.input_of(read))
    nodes = {node.name: node for node in graph.core}
    weighted = [node.name for node in graph.core if isinstance(node, WeightedNode)]
    assert sorted(weighted) == sorted(inputs)
    for name in weighted:
        assert np.array_equal(values[nodes[name].inputs[0]], inputs[name].numpy()), name
        assert np.array_equal(values[name], accumulators[name].numpy()), name
    for name, stream in streams.items():
        assert np.array_equal(values[f"{name}.relu"], stream.numpy()), name
    for name, array in values.items():
        found = graph.integers[name]
        assert array.shape[1:] == found.shape
        assert found.smallest <= array.min() <= array.max() <= found.largest
    found = evaluator.logits(read)
    if scale is None:
        assert torch.allclose(found, logits, atol=1e-4)
    else:
        assert torch.equal(found.long(), accumulators[graph.output])
        assert torch.equal(found.argsort(stable=True), logits.argsort(stable=True))


@pytest.mark.parametrize(("name", "overflow", "bits", "packing"), CASES)
def test_every_integer_is_the_networks_own(name: str, overflow: str, bits: int, packing: str) -> None:
    network, images = trained_network(name, overflow=overflow, bits=bits, packing=packing)
    graph = export_network(network, NETWORKS[name].image_shape)
    expected = [node.carry_mean for node in graph.core if isinstance(node, WeightedNode)]
    assert all((mean is not None and mean.any()) == (packing == "carries") for mean in expected)
    assert_same(network, images, graph)


@pytest.mark.parametrize("name", ["digits", "resnet20"])
@pytest.mark.parametrize("weights", ["ternary", "4", "bounded-4"])
@pytest.mark.parametrize("relu", [True, False])
def test_other_weights_and_signed_activations_are_exported_too(name: str, weights: str, relu: bool) -> None:
    network, images = trained_network(name, bits=12, weights=weights, relu=relu, accumulator_bits=12)
    graph = export_network(network, NETWORKS[name].image_shape)
    assert relu == all(
        graph.integers[node.inputs[0]].smallest == 0 for node in graph.core if isinstance(node, WeightedNode)
    )
    assert_same(network, images, graph)


def test_signed_activations_carry_too() -> None:
    network, images = trained_network("digits", packing="carries", weights="ternary", relu=False)
    assert_same(network, images, export_network(network, (1, 8, 8)))


@pytest.mark.parametrize("name", ["alexnet", "resnet18", "resnet50"])
def test_networks_for_large_images_are_exported_too(name: str) -> None:
    network, images = trained_network(name, bits=10, images=2)
    assert_same(network, images, export_network(network, NETWORKS[name].image_shape))


@pytest.mark.parametrize(
    ("name", "edge_bits", "relu"),
    [*((name, 8, True) for name in NETWORKS), *itertools.product(("vgg7", "resnet20"), (2, 5), (True, False))],
)
def test_integer_edges_are_exported_too(name: str, edge_bits: int, relu: bool) -> None:
    shape = NETWORKS[name].image_shape
    scale = PIXELS[shape[0]]
    network, images = trained_network(name, images=2, bits=10, pixels=scale, edge_bits=edge_bits, relu=relu)
    graph = export_network(network, shape)
    assert graph.integer
    first, *_, last = graph.core
    assert isinstance(first, Convolution)
    assert isinstance(last, Linear)
    assert first.zero_point == round(sum(scale.mean) / len(scale.mean))
    for edge in (first, last):
        assert np.abs(edge.weights).max() == (1 << (edge_bits - 1)) - 1
        assert edge.accumulator == Accumulator(bits=32, overflow="exact")
    assert_same(network, images, graph, scale)


@pytest.mark.parametrize("signed", [True, False])
def test_a_relu_after_a_pool_is_exported_too(signed: bool) -> None:
    network = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        QuantConv2d(4, 4, 3),
        nn.BatchNorm2d(4),
        nn.MaxPool2d(2),
        nn.ReLU(),
        QuantConv2d(4, 4, 3, signed=signed),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, 3),
    )
    images = torch.randn(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    choose_step_sizes(network, images, 0.05)
    configure(network, "quantized", Accumulator(bits=8))
    for _ in range(20):
        network.train()(images)
    graph = export_network(network.eval(), (1, 8, 8))
    evaluator = IntegerEvaluator(graph)
    assert (evaluator.core(evaluator.graph.input_of(images))["5.pool"].min() < 0) == signed
    assert_same(network, images, graph)


def test_types_are_inferred_once_as_nodes_are_added_and_once_by_the_graphs_own_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inferred: Counter[str] = Counter()
    for kind in NODES.values():

        def count(node: Node, *inputs: Integers, infer: Any = kind.infer) -> Integers:
            inferred[node.name] += 1
            return infer(node, *inputs)

        monkeypatch.setattr(kind, "infer", count)
    graph = export_network(trained_network("resnet20")[0], (3, 32, 32))
    assert inferred == {node.name: 2 for node in graph.core}


def test_thresholds_turn_with_the_gain_and_stand_still_without_one() -> None:
    network, _ = trained_network("digits")
    graph = export_network(network, (1, 8, 8))
    threshold = next(node for node in graph.core if isinstance(node, Threshold))
    assert threshold.directions[1] == -1
    source = graph.integers[threshold.inputs[0]]
    beyond = (threshold.thresholds[2] <= source.smallest) | (threshold.thresholds[2] > source.largest)
    assert beyond.all()


class Branches(nn.Module):
    """Adds values that lie on no grid."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 4, 1)
        self.second = QuantConv2d(4, 4, 1)

    def forward(self, images: Tensor) -> Tensor:
        values: Tensor = self.first(images)
        added: Tensor = self.second(values) + values
        return added


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (
            nn.Sequential(nn.Conv2d(1, 4, 1), nn.Sigmoid(), QuantConv2d(4, 4, 1)),
            "module '1': Sigmoid.. is not supported",
        ),
        (nn.Sequential(QuantConv2d(1, 4, 1), nn.Sigmoid()), "module '1': Sigmoid.. is not supported"),
        (nn.Sequential(nn.Conv2d(1, 4, 1), nn.MaxPool2d(2, ceil_mode=True)), "module '1': a max pool with ceil_mode"),
        (nn.Sequential(nn.Conv2d(1, 4, 1, dilation=2)), "module '0': dilation is .2, 2.; supported is 1"),
        (nn.Sequential(nn.Conv2d(1, 4, 1), nn.ReLU()), "no quantized layer"),
        (
            nn.Sequential(QuantConv2d(1, 4, 1), nn.MaxPool2d(2), nn.BatchNorm2d(4), QuantConv2d(4, 4, 1)),
            "module '3': FloatBatchNorm between accumulator and quantizer",
        ),
        (Branches(), "adds values that no ResidualGrid has put on a grid, at 'add'"),
    ],
)
def test_networks_that_do_not_fit_are_refused(network: nn.Module, message: str) -> None:
    configure(network, "quantized", Accumulator(bits=8))
    with pytest.raises(ValueError, match=message):
        export_network(network, (1, 8, 8))


def test_networks_that_are_not_ready_are_refused() -> None:
    network = build_network("digits", WrapNetOptions(width=4))
    with pytest.raises(ValueError, match=r"'second.convolution': activations are 'float'; an export needs"):
        export_network(network, (1, 8, 8))
    configure(network, "quantized", Accumulator(bits=8, packing="carries"))
    with pytest.raises(ValueError, match="no pass has calibrated its carries yet"):
        export_network(network, (1, 8, 8))
    network, _ = trained_network("resnet20")
    quantized_layers(network)[2].activation.step.mul_(2)
    with pytest.raises(ValueError, match="the residual stream that it reads has"):
        export_network(network, (3, 32, 32))
