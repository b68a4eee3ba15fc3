"""The project's networks with random weights, exported to the kernels: their time does not depend on the weights."""

import torch
from torch import Tensor, nn

from models.backbones.options import NetworkOptions, seeded
from models.backbones.registry import NETWORKS, build_network
from models.backbones.resnet import large_stem
from models.data.imagenet import IMAGENET_MEAN, IMAGENET_STD
from models.integer_network.builder import export_network
from models.integer_network.graph import IntegerGraph
from models.integer_network.nodes import Flatten, MaxPool, SumPool
from models.kernels import IntegerNetwork
from models.quantization.accumulators import Accumulator, Overflow
from models.quantization.layers import configure
from models.quantization.pixels import PixelScale
from models.quantization.step_sizes import choose_one_step_size, choose_score_steps, choose_step_sizes
from models.wrapnet.networks import IntegerEdges, WrapNetOptions

STEM = "stem"
"""Stands for the first layers of ResNet-18 alone, followed by the means of their maps, which take next to no time."""

BENCHED = (*NETWORKS, STEM)
"""Names of what can be measured."""

_WHOLE = {STEM: "resnet18"}  # the networks of which others are parts
_EDGE_BITS = 8
_OVERFLOW_RATE = 0.05  # any will do

_SMALL_CLASSES, _LARGE_CLASSES = 10, 1000


def class_count(name: str) -> int:
    """Classes of the data set that a network is for: ImageNet's for large images."""
    return _LARGE_CLASSES if image_shape(name)[1] > 100 else _SMALL_CLASSES


def image_shape(name: str) -> tuple[int, int, int]:
    """Channels, height and width of a network's images."""
    return NETWORKS[_WHOLE.get(name, name)].image_shape


def usual(name: str, seed: int) -> nn.Module:
    """The usual network of that name, of floats."""
    options = NetworkOptions(classes=class_count(name), seed=seed)
    if name != STEM:
        return build_network(name, options)
    with seeded(seed):
        return nn.Sequential(large_stem(options), nn.AdaptiveAvgPool2d(1), nn.Flatten())


def untrained(name: str, weights: str, images: Tensor, *, integer_edges: bool = False) -> IntegerNetwork:
    """A network with accumulators of 8 bits on the fastest path; the stem alone always has integer edges.

    images: normalised floats, from which step sizes and the statistics of batch norms follow.
    """
    if name == STEM:
        return IntegerNetwork(_stem_of(_exported(_WHOLE[name], weights, images, integer_edges=True)))
    return IntegerNetwork(_exported(name, weights, images, integer_edges=integer_edges))


@torch.no_grad()
def _exported(name: str, weights: str, images: Tensor, *, integer_edges: bool) -> IntegerGraph:
    channels = images.shape[1]
    scale = PixelScale(IMAGENET_MEAN[:channels], IMAGENET_STD[:channels], 255)
    edges = IntegerEdges(_EDGE_BITS, scale) if integer_edges else None
    network = build_network(name, WrapNetOptions(classes=class_count(name), weights=weights, edges=edges))
    accumulator = Accumulator(bits=8, overflow=Overflow.CYCLIC)
    images = torch.cat((images, images.flip(-1)))
    configure(network, "float", accumulator)
    network.train()(images)
    choose = choose_one_step_size if NETWORKS[name].residual else choose_step_sizes
    choose(network.eval(), images, _OVERFLOW_RATE)
    choose_score_steps(network, images)
    configure(network, "quantized", accumulator)
    network.train()(images)
    return export_network(network.eval(), NETWORKS[name].image_shape)


def _stem_of(graph: IntegerGraph) -> IntegerGraph:
    """The nodes up to the first pool, and the sums of its maps as scores."""
    last = next(number for number, node in enumerate(graph.core) if isinstance(node, MaxPool))
    sums = SumPool(name="sums", inputs=(graph.core[last].name,))
    scores = Flatten(name="scores", inputs=(sums.name,))
    return IntegerGraph(image_shape=graph.image_shape, core=(*graph.core[: last + 1], sums, scores), white=graph.white)
