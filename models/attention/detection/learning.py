"""How a detector is trained on a batch, and measured on held-out pictures."""

from collections.abc import Iterable

import torch
from torch import nn

from models.attention.detection.average_precision import AveragePrecision
from models.attention.detection.source import ObjectBatch
from models.attention.detection.targets import Found
from models.training.method import Loss

_WHITE = 255
_MASK_THRESHOLD = 0.5


def detection_loss(network: nn.Module, batch: ObjectBatch) -> Loss:
    """The sum of Mask R-CNN's five losses, which are logged as well: of proposals, classes, boxes and masks."""
    losses = network([pixels.float() / _WHITE for pixels, _ in batch], [objects.trained_on() for _, objects in batch])
    return Loss(sum(losses.values()), {name: value.detach() for name, value in losses.items()})


@torch.no_grad()
def precisions(network: nn.Module, batches: Iterable[ObjectBatch]) -> dict[str, float]:
    """Average precision of boxes and masks; see `AveragePrecision.figures`. A figure without objects is left out."""
    network.eval()
    device = next(network.parameters()).device
    measures = AveragePrecision("box"), AveragePrecision("mask")
    for batch in batches:
        for found, (_, objects) in zip(
            network([one.to(device).float() / _WHITE for one, _ in batch]), batch, strict=True
        ):
            detected = _on_cpu(found)
            for measure in measures:
                measure.add(detected, objects)
    return {name: value for measure in measures for name, value in measure.figures().items()}


def _on_cpu(found: dict[str, torch.Tensor]) -> Found:
    masks = found["masks"][:, 0] >= _MASK_THRESHOLD
    return Found(found["labels"].cpu(), found["boxes"].float().cpu(), masks.cpu(), found["scores"].float().cpu())
