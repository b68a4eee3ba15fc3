"""Classification of images (dissertation 4.4.1)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from models.attention.backbones.loading import load_weights
from models.attention.backbones.registry import build_backbone
from models.attention.backbones.staged import StagedNetwork
from models.attention.training.config import LsaConfig
from models.attention.training.method import LsaTraining, epoch_batches, smallest_batch, steps_of
from models.data.kornia_augmentation import BatchAugmentation, BatchAugmenter
from models.data.sources import ImageSource
from models.data.transforms import Augmentation
from models.training.batch_norms import check_batch_norms
from models.training.evaluation import Accuracy, evaluate_on
from models.training.method import Batch, Loss
from models.training.soft_targets import smoothed, soft_accuracy

_EVALUATION_BATCH = 250
_EVALUATION_PIXELS = 32 * 224 * 224


class Classification(LsaTraining):
    """A backbone with its classifier, trained on the images of a source. Batches are shuffled anew each epoch.

    Raises ValueError if images and settings do not go together.
    """

    def __init__(self, config: LsaConfig, data: ImageSource, processes: int = 1) -> None:
        facts = _facts(config, data)
        images, batch = data.train_count, config.batch_size
        check_batch_norms(
            lambda: build_network(config, facts), data.shape, images=images, batch_size=batch, processes=processes
        )
        steps = steps_of(config, epoch_batches(images, batch, smallest_batch(processes)))
        super().__init__(config, build_network(config, facts), steps, facts, processes)
        self.data = data
        self.changes = BatchAugmenter(_batch_augmentation(config), data.mean, data.std, data.white)

    def batches(self, epoch: int, first: int) -> Iterable[Batch]:
        augmentation = Augmentation(shift=self.config.shift, flip=self.config.flip)
        key = f"{self.config.seed} classify {epoch}"
        return self.data.training_batches(self.config.batch_size, augmentation, key, first)

    def step(self, models: Mapping[str, torch.nn.Module], batch: Batch) -> Loss:
        images, partners, shares = self.changes(*batch)
        classes, smoothing = len(self.data.classes), self.config.label_smoothing
        own, other = (smoothed(labels, classes, smoothing) for labels in (batch[1], partners))
        targets = torch.lerp(other, own, shares[:, None])
        logits = models["network"](images)
        return Loss(F.cross_entropy(logits, targets), {"train_accuracy": soft_accuracy(logits.detach(), targets)})

    def validate(self) -> Mapping[str, float]:
        """Accuracy on the held-out images, of the network that the run keeps."""
        return accuracies(self.kept, self.data)

    def use(self, device: torch.device) -> None:
        """Moves images that are held in memory to the device, if they fit there."""
        self.data = self.data.on(device)

    def _load(self, weights: Mapping[str, Tensor], classes: tuple[str, ...] | None) -> None:
        own = self.network.state_dict()["head.classifier.weight"]
        found = weights.get("head.classifier.weight")
        other = classes != self.data.classes if classes is not None else found is not None and own.shape != found.shape
        assert isinstance(self.network, StagedNetwork)
        load_weights(self.network, weights, new_classifier=other)


def build_network(config: LsaConfig, facts: Mapping[str, Any]) -> StagedNetwork:
    """The network of a run, with its initial weights. facts: see `LsaTraining`."""
    options = config.backbone_options(len(facts["classes"]), facts["used_stem_stride"])
    return build_backbone(options, config.seed)


def accuracies(network: torch.nn.Module, data: ImageSource) -> dict[str, float]:
    """Shares of the held-out images that a network gets right: `accuracy`, and `top5` among more than five classes."""
    meters = {"accuracy": Accuracy()} | ({"top5": Accuracy(5)} if len(data.classes) > 5 else {})
    evaluate_on(network, evaluation_batches(data), tuple(meters.values()))
    return {name: meter.value for name, meter in meters.items()}


def evaluation_batches(data: ImageSource) -> Iterator[tuple[Tensor, Tensor]]:
    """All held-out images and their labels, in order, in batches that a training network has memory for."""
    _, height, width = data.shape
    return data.held_out_batches(max(1, min(_EVALUATION_BATCH, _EVALUATION_PIXELS // (height * width))))


def _facts(config: LsaConfig, data: ImageSource) -> dict[str, Any]:
    _, height, width = data.shape
    return {
        "data": data.name,
        "data_digest": data.digest,
        "classes": list(data.classes),
        "image_shape": list(data.shape),
        "train_images": data.train_count,
        "held_out_images": data.test_count,
        "used_stem_stride": config.stem_stride_for(height, width),
    }


def _batch_augmentation(config: LsaConfig) -> BatchAugmentation:
    return BatchAugmentation(
        rand_augment=config.rand_augment,
        magnitude=config.magnitude,
        mixup=config.mixup,
        cutmix=config.cutmix,
        erasing=config.erasing,
    )
