"""Detection of objects and their masks (dissertation 4.4.1, 4.6.3)."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from torch import Tensor, nn

from models.attention.backbones.loading import load_weights
from models.attention.backbones.registry import build_backbone
from models.attention.backbones.staged import StagedNetwork
from models.attention.detection.learning import detection_loss, precisions
from models.attention.detection.network import mask_rcnn
from models.attention.detection.options import DetectorOptions
from models.attention.detection.source import ObjectBatch, ObjectSource
from models.attention.training.config import LsaConfig
from models.attention.training.method import LsaTraining, epoch_batches, steps_of
from models.backbones.options import seeded
from models.checks import check_positive
from models.training.batch_norms import check_batch_norms
from models.training.method import Loss

_EVALUATION_BATCH = 4


class Detection(LsaTraining):
    """Mask R-CNN on a backbone, trained on the pictures of a source. Batches are shuffled anew each epoch.

    Raises ValueError if pictures and settings do not go together, and without torchvision.
    """

    def __init__(self, config: LsaConfig, data: ObjectSource, processes: int = 1) -> None:
        facts = _facts(config, data)
        pictures, batch = len(data.train), config.batch_size
        shape = 3, data.size, data.size
        check_batch_norms(lambda: build_detector(config, facts), shape, images=pictures, batch_size=batch)
        steps = steps_of(config, epoch_batches(pictures, batch, processes))
        super().__init__(config, build_detector(config, facts), steps, facts, processes)
        self.data = data

    def batches(self, epoch: int, first: int) -> Iterable[ObjectBatch]:
        key = f"{self.config.seed} detect {epoch}"
        return self.data.training_batches(self.config.batch_size, key, flip=self.config.flip, first=first)

    def share(self, batch: ObjectBatch, process: int, processes: int) -> ObjectBatch | None:
        """A process's pictures of a batch; None for a batch with fewer pictures than processes."""
        return batch[process::processes] if len(batch) >= processes else None

    def step(self, models: Mapping[str, nn.Module], batch: ObjectBatch) -> Loss:
        return detection_loss(models["network"], batch)

    def validate(self) -> Mapping[str, float]:
        """Average precision on the held-out pictures, of the network that the run keeps."""
        return held_out_precisions(self.kept, self.data)

    def _load(self, weights: Mapping[str, Tensor], classes: tuple[str, ...] | None) -> None:
        del classes  # the head that they belong to is not used
        pyramid = self.network.get_submodule("backbone")
        backbone = pyramid.get_submodule("backbone")
        assert isinstance(backbone, StagedNetwork)
        load_weights(backbone, weights)


def build_detector(config: LsaConfig, facts: Mapping[str, Any]) -> nn.Module:
    """The network of a run, with its initial weights. facts: see `LsaTraining`."""
    backbone = build_backbone(config.backbone_options(None, facts["used_stem_stride"]), config.seed)
    with seeded(config.seed):
        return mask_rcnn(backbone, len(facts["classes"]), DetectorOptions(**facts["detector"]))


def held_out_precisions(network: nn.Module, data: ObjectSource) -> dict[str, float]:
    """Average precision of boxes and masks on the held-out pictures: `box_AP`, `mask_AP` and more."""
    return precisions(network, data.held_out_batches(_EVALUATION_BATCH))


def _facts(config: LsaConfig, data: ObjectSource) -> dict[str, Any]:
    check_positive("number of held-out pictures", len(data.held_out))
    return {
        "data": data.name,
        "data_digest": data.digest,
        "classes": list(data.classes),
        "image_shape": [3, data.size, data.size],
        "train_images": len(data.train),
        "held_out_images": len(data.held_out),
        "used_stem_stride": config.stem_stride_for(data.size, data.size),
        "detector": asdict(DetectorOptions.scaled(config.width, data.size)),
    }
