"""Trains a segmenter (dissertation 4.6.3), and uses it."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from models.attention.segmentation.confusion import Confusion
from models.data.labelled.crops import IGNORED, LabelledCrop
from models.data.labelled.pictures import SegmentationData
from models.training.evaluation import evaluate_on
from models.training.method import Batch, Loss, Method
from models.training.optimizers import Scheduled


def segmentation_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross entropy of the pixels that are not ignored; 0, with gradients of 0, if all are.

    logits: (batch, classes, height, width). labels: (batch, height, width), int64.
    """
    total = cross_entropy(logits.float(), labels, ignore_index=IGNORED, reduction="sum")
    return total / (labels != IGNORED).sum().clamp(min=1)


class SegmentationTraining(Method):
    """Trains a network on random crops; validates its mean IoU on whole held-out pictures.

    network: images to logits of the same size. key: seeds the batches. validate: whether to, after each epoch.
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: Scheduled,
        data: SegmentationData,
        crop: LabelledCrop,
        *,
        batch_size: int,
        key: str,
        validates: bool = True,
    ) -> None:
        self.models = {"network": network}
        self.optimizers = {"network": optimizer}
        self.data = data
        self.crop = crop
        self.batch_size = batch_size
        self.key = key
        self.validates = validates

    def batches(self, epoch: int, first: int) -> Iterable[Batch]:
        return self.data.training_batches(self.batch_size, self.crop, f"{self.key} {epoch}", first)

    def step(self, models: Mapping[str, nn.Module], batch: Batch) -> Loss:
        images, labels = batch
        logits = models["network"](images)
        right = (logits.detach().argmax(1) == labels) & (labels != IGNORED)
        accuracy = right.sum() / (labels != IGNORED).sum().clamp(min=1)
        return Loss(segmentation_loss(logits, labels), {"accuracy": accuracy})

    def validate(self) -> Mapping[str, float]:
        if not self.validates:
            return {}
        found = evaluate_segmenter(self.models["network"], self.data)
        return {"mean_iou": found.mean_iou, "pixel_accuracy": found.pixel_accuracy}


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
