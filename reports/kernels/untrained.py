"""The project's networks with random weights, exported to the kernels: their time does not depend on the weights."""

import torch
from torch import Tensor

from models.backbones.registry import NETWORKS, build_network
from models.data.imagenet import IMAGENET_MEAN, IMAGENET_STD
from models.integer_network.builder import export_network
from models.kernels import IntegerNetwork, available_paths
from models.quantization.accumulators import Accumulator, Overflow
from models.quantization.layers import configure
from models.quantization.pixels import PixelScale
from models.quantization.step_sizes import choose_one_step_size, choose_score_steps, choose_step_sizes
from models.wrapnet.networks import IntegerEdges, WrapNetOptions

_EDGE_BITS = 8
_OVERFLOW_RATE = 0.05  # any will do

_SMALL_CLASSES, _LARGE_CLASSES = 10, 1000


def class_count(name: str) -> int:
    """Classes of the data set that a network is for: ImageNet's for large images."""
    return _LARGE_CLASSES if NETWORKS[name].image_shape[1] > 100 else _SMALL_CLASSES


@torch.no_grad()
def untrained(name: str, weights: str, images: Tensor, *, integer_edges: bool = False) -> IntegerNetwork:
    """A network with accumulators of 8 bits on the fastest path.

    images: normalised floats, from which step sizes and the statistics of batch norms follow.
    """
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
    return IntegerNetwork(export_network(network.eval(), NETWORKS[name].image_shape), path=available_paths()[0])
