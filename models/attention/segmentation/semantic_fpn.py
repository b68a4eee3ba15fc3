"""Semantic FPN: a feature pyramid whose levels are merged into one map of class logits.

Kirillov et al., Panoptic Feature Pyramid Networks, 2019, section 3.1.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from models.attention.backbones.staged import StagedNetwork
from models.backbones.options import seeded
from models.checks import check_positive

_GROUPS = 32
_FEWEST_IN_GROUP = 4  # channels: one value alone, as maps of 1x1 would have it, cannot be normalised


class SemanticFPN(nn.Module):
    """Images (batch, 3, height, width) of any size to logits (batch, classes, height, width).

    backbone: without a head, so that no parameter is left without gradients. pyramid_channels: of the pyramid.
    head_channels: of the branches that merge its levels. seed: of the initial weights of all but the backbone.

    Raises ValueError for a backbone with a head, and for head channels that 32 does not divide.
    """

    def __init__(
        self,
        backbone: StagedNetwork,
        classes: int,
        *,
        pyramid_channels: int = 256,
        head_channels: int = 128,
        seed: int = 0,
    ) -> None:
        super().__init__()
        check_positive("number of classes", classes)
        check_positive("pyramid_channels", pyramid_channels)
        if backbone.head is not None:
            raise ValueError("the backbone of a segmenter has a head; make it with classes=None")
        if head_channels < 1 or head_channels % _GROUPS:
            raise ValueError(f"head_channels is {head_channels}; allowed are multiples of {_GROUPS}")
        self.backbone = backbone
        self.classes = classes
        with seeded(seed):
            self.laterals = nn.ModuleList(nn.Conv2d(inputs, pyramid_channels, 1) for inputs in backbone.channels)
            self.smoothing = nn.ModuleList(
                nn.Conv2d(pyramid_channels, pyramid_channels, 3, padding=1) for _ in backbone.channels
            )
            self.branches = nn.ModuleList(
                _branch(pyramid_channels, head_channels, max(1, level)) for level in range(len(backbone.channels))
            )
            self.classifier = nn.Conv2d(head_channels, classes, 1)

    def forward(self, images: Tensor) -> Tensor:
        levels = self._pyramid(self.backbone.features(images))
        sizes = [level.shape[-2:] for level in levels]
        merged = torch.stack([self._merged(level, maps, sizes) for level, maps in enumerate(levels)]).sum(0)
        logits: Tensor = interpolate(self.classifier(merged), images.shape[-2:], mode="bilinear")
        return logits

    def _pyramid(self, features: list[Tensor]) -> list[Tensor]:
        """The maps of each level, finest first: every coarser one is scaled to the next and added."""
        levels = [lateral(maps) for lateral, maps in zip(self.laterals, features, strict=True)]
        for finer in reversed(range(len(levels) - 1)):
            levels[finer] = levels[finer] + interpolate(levels[finer + 1], levels[finer].shape[-2:], mode="nearest")
        return [smooth(maps) for smooth, maps in zip(self.smoothing, levels, strict=True)]

    def _merged(self, level: int, maps: Tensor, sizes: list[torch.Size]) -> Tensor:
        """A level's maps at the size of the finest: after each convolution, scaled to the next finer level."""
        branch = self.branches[level]
        assert isinstance(branch, nn.Sequential)
        if level == 0:
            finest: Tensor = branch(maps)
            return finest
        for convolution, size in zip(branch, reversed(sizes[:level]), strict=True):
            maps = interpolate(convolution(maps), size, mode="bilinear")
        return maps


def _branch(inputs: int, outputs: int, convolutions: int) -> nn.Sequential:
    channels = [inputs, *[outputs] * convolutions]
    return nn.Sequential(
        *(
            nn.Sequential(
                nn.Conv2d(before, after, 3, padding=1, bias=False),
                nn.GroupNorm(min(_GROUPS, after // _FEWEST_IN_GROUP), after),
                nn.ReLU(inplace=True),
            )
            for before, after in pairwise(channels)
        )
    )
