"""Networks in the form that is exported."""

import torch
from torch import Tensor, nn

from models.attention.backbones.folding import fold
from models.attention.backbones.norms import set_channels_first
from models.attention.backbones.staged import StagedNetwork

IMAGES = "images"
"""The name of the input."""

_LEAST = 1e-6
"""Stands for the largest value where all are smaller."""


def deployable(network: StagedNetwork) -> StagedNetwork:
    """A copy in evaluation mode: batch norms and layer scales folded, layer norms channels first, no gradients."""
    folded = fold(network)
    set_channels_first(folded, True)
    return folded


def output_names(network: StagedNetwork) -> list[str]:
    """`logits`, or the maps of the stages for a network without a head."""
    return [f"stage{stage + 1}" for stage in range(len(network.stages))] if network.head is None else ["logits"]


def random_images(batch: int, height: int, width: int, seed: int = 0) -> Tensor:
    """Normal images (batch, 3, height, width) to compare on."""
    return torch.randn(batch, 3, height, width, generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def expected_outputs(network: nn.Module, images: Tensor) -> list[Tensor]:
    """What the network gives, as a list."""
    given = network(images)
    return [given] if isinstance(given, Tensor) else list(given)


def check_close(kind: str, found: list[Tensor], expected: list[Tensor], tolerance: float) -> float:
    """The largest difference, as a share of the largest expected value.

    Raises ValueError if it is above the tolerance, or if a value is NaN.
    """
    worst = 0.0
    for one, other in zip(found, expected, strict=True):
        if one.shape != other.shape:
            raise ValueError(f"{kind} gives shape {tuple(one.shape)} where torch gives {tuple(other.shape)}")
        difference = float((one.double() - other.double()).abs().max() / other.double().abs().max().clamp(min=_LEAST))
        if not difference <= tolerance:
            raise ValueError(f"{kind} differs from torch by {difference:.2g}; allowed is {tolerance:g}")
        worst = max(worst, difference)
    return worst
