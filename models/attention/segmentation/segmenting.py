"""The loss of a segmenter, and its use."""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from models.attention.segmentation.confusion import Confusion
from models.data.labelled.crops import IGNORED
from models.data.labelled.pictures import SegmentationData
from models.training.evaluation import evaluate_on
from models.training.method import Loss


def segmentation_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross entropy of the pixels that are not ignored; 0, with gradients of 0, if all are.

    logits: (batch, classes, height, width). labels: (batch, height, width), int64.
    """
    total = cross_entropy(logits.float(), labels, ignore_index=IGNORED, reduction="sum")
    return total / (labels != IGNORED).sum().clamp(min=1)


def segmentation_step(network: nn.Module, images: Tensor, labels: Tensor) -> Loss:
    """The loss of a batch, and the share of its counted pixels that are right.

    Its weight is the number of counted pixels, in pictures.
    """
    logits = network(images)
    counted = labels != IGNORED
    right = (logits.detach().argmax(1) == labels) & counted
    accuracy = right.sum() / counted.sum().clamp(min=1)
    weight = counted.sum() / counted[0].numel()
    return Loss(segmentation_loss(logits, labels), {"train_pixel_accuracy": accuracy}, weight)


def evaluate_segmenter(network: nn.Module, data: SegmentationData) -> Confusion:
    """Counts of a network's classes on all held-out pictures, each at its own size."""
    found = Confusion(len(data.classes))
    evaluate_on(network, data.held_out_batches(), [found])
    return found


@torch.no_grad()
def predicted_labels(network: nn.Module, images: Tensor) -> Tensor:
    """The class of each pixel: (batch, height, width), int64. images: (batch, 3, height, width), normalised, any size.

    Raises ValueError, naming the image, for values that are not finite.
    """
    finite = torch.isfinite(images).flatten(1).all(1)
    if not finite.all():
        raise ValueError(f"image {int(finite.logical_not().nonzero()[0])} has pixels that are not finite")
    network.eval()
    labels: Tensor = network(images).argmax(1)
    return labels
