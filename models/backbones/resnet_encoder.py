"""ResNet-18 and ResNet-50 as encoders of images of any size."""

from typing import Literal

import torch
from torch import Tensor, nn

from models.backbones.encoder import Encoder
from models.backbones.memory_check import check_network_fits
from models.backbones.options import NetworkOptions, seeded
from models.backbones.resnet import RESNET18, RESNET50, large_stem, residual_stages, small_stem
from models.checks import check_choice
from models.data.pictures import LARGEST_SMALL_SIDE

ResNetName = Literal["resnet18", "resnet50"]
Stem = Literal["cifar", "imagenet"]

# Gradients of strided 1x1 convolutions of fewer channels, lying last, overwrite the heap on processors that have AVX2
# alone (torch 2.13).
_NARROWEST_LAST = 8

_STAGES = {"resnet18": RESNET18, "resnet50": RESNET50}
_STEMS = {"cifar": small_stem, "imagenet": large_stem}


class ResNetEncoder(Encoder):
    """A residual network without a classifier: images (n, channels, height, width) to the means of its last maps.

    stem: 3x3 without pooling (`cifar`), or 7x7 with stride 2 and a pool (`imagenet`). There are 512 features, or 2048
    of ResNet-50, at the usual width of 64. Initial weights of convolutions are normal, scaled by the fan out. Weights
    and maps lie with channels last, which convolutions take fastest, from a width of 8 on.
    """

    def __init__(self, name: ResNetName, stem: Stem, channels: int, width: int | None = None) -> None:
        super().__init__()
        options = NetworkOptions(width=width)
        self.first = _STEMS[stem](options, channels)
        self.blocks, self.features_dim = residual_stages(options, _STAGES[name])
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        wide = width is None or width >= _NARROWEST_LAST
        self.layout = torch.channels_last if wide else torch.contiguous_format
        self.to(memory_format=self.layout)  # type: ignore[call-overload]  # torch's types lack it

    def forward(self, images: Tensor) -> Tensor:
        maps: Tensor = self.blocks(self.first(images.contiguous(memory_format=self.layout)))
        return maps.mean((2, 3))


def stem_for(image_shape: tuple[int, int, int]) -> Stem:
    """The stem for images of a shape (channels, height, width)."""
    return "cifar" if max(image_shape[1:]) <= LARGEST_SMALL_SIDE else "imagenet"


def resnet_encoder(name: str, stem: str, channels: int, width: int | None = None, seed: int = 0) -> ResNetEncoder:
    """The encoder with initial weights that depend on the seed alone.

    Raises ValueError for an unknown name or stem, for a width below 1, and for one that is too large for this machine's
    memory.
    """
    check_choice("encoder", name, ResNetName)
    check_choice("stem", stem, Stem)

    def build() -> ResNetEncoder:
        return ResNetEncoder(name, stem, channels, width)  # type: ignore[arg-type]  # just checked

    if width is not None:
        check_network_fits(f"encoder {name} of width {width}", build)
    with seeded(seed):
        return build()
