"""Semantic segmentation (dissertation 4.6.3)."""

from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor, nn

from models.attention.backbones.loading import load_weights
from models.attention.backbones.registry import build_backbone
from models.attention.segmentation.segmenting import evaluate_segmenter, segmentation_step
from models.attention.segmentation.semantic_fpn import SemanticFPN
from models.attention.training.config import LsaConfig
from models.attention.training.method import LsaTraining, epoch_batches, smallest_batch, steps_of
from models.data.labelled.crops import LabelledCrop
from models.data.labelled.pictures import SegmentationData
from models.training.batch_norms import check_batch_norms
from models.training.method import Batch, Loss

_PYRAMID, _HEAD, _HEAD_STEP = 256, 128, 32


class Segmentation(LsaTraining):
    """Semantic FPN on a backbone, trained on random crops and validated on whole held-out pictures.

    Raises ValueError if pictures and settings do not go together.
    """

    def __init__(self, config: LsaConfig, data: SegmentationData, processes: int = 1) -> None:
        facts = _facts(config, data)
        images, batch = data.train_count, config.batch_size
        shape = 3, data.size, data.size
        check_batch_norms(
            lambda: build_segmenter(config, facts), shape, images=images, batch_size=batch, processes=processes
        )
        network = build_segmenter(config, facts)
        steps = steps_of(config, epoch_batches(images, batch, smallest_batch(processes)))
        super().__init__(config, network, steps, facts, processes)
        self.backbone = network.backbone
        self.data = data
        self.crop = LabelledCrop(data.size, flip=config.flip)

    def batches(self, epoch: int, first: int) -> Iterable[Batch]:
        return self.data.training_batches(
            self.config.batch_size, self.crop, f"{self.config.seed} segment {epoch}", first
        )

    def step(self, models: Mapping[str, nn.Module], batch: Batch) -> Loss:
        return segmentation_step(models["network"], *batch)

    def validate(self) -> Mapping[str, float]:
        """Figures on the held-out pictures, of the network that the run keeps."""
        return segmentation_figures(self.kept, self.data)

    def _load(self, weights: Mapping[str, Tensor], classes: tuple[str, ...] | None) -> None:
        del classes  # the head of a classifier is left out
        load_weights(self.backbone, weights)


def build_segmenter(config: LsaConfig, facts: Mapping[str, Any]) -> SemanticFPN:
    """The network of a run, with its initial weights; the pyramid and its head are as wide as the backbone."""
    options = config.backbone_options(None, facts["used_stem_stride"])
    pyramid = max(_HEAD_STEP, round(_PYRAMID * config.width))
    head = max(1, round(_HEAD * config.width / _HEAD_STEP)) * _HEAD_STEP
    own = build_backbone(options, config.seed)
    return SemanticFPN(own, len(facts["classes"]), pyramid_channels=pyramid, head_channels=head, seed=config.seed)


def segmentation_figures(network: nn.Module, data: SegmentationData) -> dict[str, float]:
    """Mean IoU and the share of right pixels of a network on the held-out pictures; neither if no pixel counts."""
    found = evaluate_segmenter(network, data)
    return {"mean_iou": found.mean_iou, "pixel_accuracy": found.pixel_accuracy} if found.counts.any() else {}


def _facts(config: LsaConfig, data: SegmentationData) -> dict[str, Any]:
    return {
        "data": data.name,
        "data_digest": data.digest,
        "classes": list(data.classes),
        "image_shape": [3, data.size, data.size],
        "train_images": data.train_count,
        "held_out_images": data.test_count,
        "used_stem_stride": config.stem_stride_for(data.size, data.size),
    }
