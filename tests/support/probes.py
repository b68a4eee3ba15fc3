"""A small encoder and small data for tests of probes."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from models.backbones.encoder import Encoder
from models.data.digits import digits
from models.data.images import ImageData, Split
from models.selfsup.probes.images import ProbeData, probe_data
from models.selfsup.views.recipes import RECIPES

RECIPE = replace(RECIPES["cifar"], mirrored=0.0, scale=(0.5, 1.0))
"""Crops that leave digits readable."""
WHITE = 16


class SmallEncoder(Encoder):
    """Digits (n, 1, 8, 8) to features (n, 24); with batch norms whose statistics are not those of new layers."""

    features_dim = 24

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.layers = nn.Sequential(
            nn.Conv2d(1, 12, 3, padding=1, bias=False),
            nn.BatchNorm2d(12),
            nn.ReLU(),
            nn.Conv2d(12, 24, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(24),
            nn.ReLU(),
        )
        self.train()(torch.randn(64, 1, 8, 8) * 0.3 + 0.5)
        self.eval()

    def forward(self, images: Tensor) -> Tensor:
        maps: Tensor = self.layers(images)
        return maps.mean((2, 3))


def small_digits(train: int = 200, test: int = 100) -> ImageData:
    data = digits()
    parts = [Split(one.images[:count], one.labels[:count]) for one, count in ((data.train, train), (data.test, test))]
    return ImageData("few digits", *parts, data.classes, data.mean, data.std, WHITE)


def digits_to_probe(**sizes: Any) -> ProbeData:
    return probe_data(small_digits(**sizes), (1, 8, 8), RECIPE)
