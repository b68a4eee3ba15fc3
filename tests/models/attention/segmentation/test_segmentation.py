"""Semantic FPN on backbones: any size, and losses."""

import math
from functools import cache

import pytest
import torch
from torch.nn.functional import log_softmax

from models.attention.backbones.registry import backbone
from models.attention.segmentation.semantic_fpn import SemanticFPN
from models.attention.segmentation.training import (
    predicted_labels,
    segmentation_loss,
)
from models.data.labelled.crops import IGNORED
from models.data.scenes.scene import CLASSES


def segmenter(classes: int = len(CLASSES), channels: int = 32) -> SemanticFPN:
    own = backbone("s12", "CCLL", classes=None, width=0.125, length=16, head_dim=8, layer_scale=0)
    return SemanticFPN(own, classes, pyramid_channels=channels, head_channels=channels)


@cache
def untrained() -> SemanticFPN:
    return segmenter()


@pytest.mark.parametrize("size", [(64, 64), (33, 65), (1, 1), (40, 7)])
def test_logits_have_the_size_of_the_images(size: tuple[int, int]) -> None:
    assert untrained()(torch.randn(2, 3, *size)).shape == (2, len(CLASSES), *size)
    assert predicted_labels(untrained(), torch.randn(1, 3, *size)).shape == (1, *size)
    untrained().train()


def test_every_parameter_has_a_gradient() -> None:
    network = segmenter()
    labels = torch.randint(0, 7, (2, 48, 40), generator=torch.Generator().manual_seed(0))
    segmentation_loss(network(torch.randn(2, 3, 48, 40)), labels).backward()
    assert [name for name, one in network.named_parameters() if one.grad is None] == []


def test_the_loss_is_the_mean_over_counted_pixels() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 4, 5, 6, generator=generator, dtype=torch.float32)
    labels = torch.randint(0, 4, (2, 5, 6), generator=generator)
    labels[:, :2] = IGNORED
    logarithms = log_softmax(logits.double(), 1)
    expected = [
        -logarithms[image, labels[image, row, column], row, column]
        for image in range(2)
        for row in range(2, 5)
        for column in range(6)
    ]
    assert segmentation_loss(logits, labels).item() == pytest.approx(torch.stack(expected).mean().item(), rel=1e-6)


def test_a_batch_of_ignored_pixels_trains_nothing() -> None:
    logits = torch.randn(1, 4, 3, 3, requires_grad=True)
    loss = segmentation_loss(logits, torch.full((1, 3, 3), IGNORED))
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
    assert not logits.grad.any()


def test_pixels_that_are_not_finite_are_refused() -> None:
    images = torch.zeros(3, 3, 16, 16)
    images[1, 0, 2, 2] = math.nan
    with pytest.raises(ValueError, match="image 1 has pixels that are not finite"):
        predicted_labels(untrained(), images)


def test_impossible_networks_are_refused() -> None:
    with pytest.raises(ValueError, match="classes=None"):
        SemanticFPN(backbone("s12", width=0.125, head_dim=8), 3)
    with pytest.raises(ValueError, match="head_channels is 48; allowed are multiples of 32"):
        SemanticFPN(untrained().backbone, 3, head_channels=48)
