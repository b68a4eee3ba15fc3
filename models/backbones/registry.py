"""The backbones by name, with the images that they take."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from models.backbones.alexnet import alexnet
from models.backbones.digits import digits_network
from models.backbones.options import NetworkOptions, seeded
from models.backbones.resnet import resnet18, resnet20, resnet50
from models.backbones.vgg import vgg7
from models.memory import memory_bytes

_BYTES_PER_WEIGHT = 16  # with its gradient and the two moments of Adam
_GIGABYTE = 1e9


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """A network's architecture.

    build: makes the network. image_shape: its images, (channels, height, width). residual: whether additions form a
    residual stream; quantized layers that read it need one common step size.
    """

    build: Callable[[NetworkOptions], nn.Module]
    image_shape: tuple[int, int, int]
    residual: bool = False


NETWORKS = {
    "digits": Backbone(build=digits_network, image_shape=(1, 8, 8)),
    "vgg7": Backbone(build=vgg7, image_shape=(3, 32, 32)),
    "resnet20": Backbone(build=resnet20, image_shape=(3, 32, 32), residual=True),
    "alexnet": Backbone(build=alexnet, image_shape=(3, 224, 224)),
    "resnet18": Backbone(build=resnet18, image_shape=(3, 224, 224), residual=True),
    "resnet50": Backbone(build=resnet50, image_shape=(3, 224, 224), residual=True),
}
"""The backbones by name."""


def build_network(name: str, options: NetworkOptions) -> nn.Module:
    """The network `name` with initial weights that depend on the seed alone.

    Raises ValueError for an unknown name, and for a width that is too large for this machine's memory.
    """
    if name not in NETWORKS:
        raise ValueError(f"network is {name!r}; allowed are {', '.join(NETWORKS)}")
    if options.width is not None:
        _check_memory(name, options)
    with seeded(options.seed):
        return NETWORKS[name].build(options)


def _check_memory(name: str, options: NetworkOptions) -> None:
    """Raises ValueError if the weights, with what training keeps for each, exceed the memory."""
    plain = NetworkOptions(width=options.width, classes=options.classes, relu=options.relu)
    try:
        with torch.device("meta"):  # shapes alone
            network = NETWORKS[name].build(plain)
        needed: float = _BYTES_PER_WEIGHT * sum(weight.numel() for weight in network.parameters())
    except (RuntimeError, TypeError):  # beyond what 64 bits count
        needed = math.inf
    if needed > memory_bytes():
        amount = "more than any machine's" if math.isinf(needed) else f"{needed / _GIGABYTE:.3g} GB of"
        raise ValueError(
            f"network {name} of width {options.width} needs {amount} memory to train; this machine has "
            f"{memory_bytes() / _GIGABYTE:.3g} GB"
        )
