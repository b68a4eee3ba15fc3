"""The backbones by name, with the images that they take."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from models.backbones.alexnet import alexnet
from models.backbones.digits import digits_network
from models.backbones.memory_check import check_network_fits
from models.backbones.options import NetworkOptions, seeded
from models.backbones.resnet import resnet18, resnet20, resnet50
from models.backbones.vgg import vgg7


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
        plain = NetworkOptions(width=options.width, classes=options.classes, relu=options.relu)
        check_network_fits(f"network {name} of width {options.width}", lambda: NETWORKS[name].build(plain))
    with seeded(options.seed):
        return NETWORKS[name].build(options)
