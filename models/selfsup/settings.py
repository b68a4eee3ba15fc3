"""Settings of a self-supervised run. They are collected without torch, so that a command line's help is quick."""

from dataclasses import dataclass
from typing import Annotated, Literal

from tyro.conf import arg

LearnerName = Literal["simclr", "byol", "protonet", "r2d2"]
Rotation = Literal["none", "sample", "task", "auxiliary", "both"]
RotationWeightSchedule = Literal["constant", "cosine"]
EncoderName = Literal["resnet18", "resnet50"]
StemName = Literal["auto", "cifar", "imagenet"]
Recipe = Literal["cifar", "imagenet"]
JitterOrder = Literal["image", "batch"]
OptimizerName = Literal["adamw", "lars"]
BatchNorm = Literal["auto", "local"]

REFERENCE_BATCH = 1024
"""Number of images in a step that learning rates are given for."""

_RATES = {"adamw": {"cifar": 8e-3, "imagenet": 8e-3}, "lars": {"cifar": 4.0, "imagenet": 9.6}}
_TEMPERATURES = {"cifar": 0.5, "imagenet": 0.1}
_RIDGE_TEMPERATURE = 0.1
_WARMUPS = {"cifar": 0.01, "imagenet": 0.1}


@dataclass(frozen=True, kw_only=True)
class SelfSupSettings:
    """Settings of a self-supervised run, as a command line collects them: not checked yet."""

    learner: Annotated[LearnerName, arg(name="method")] = "r2d2"
    """The learner: simclr (NT-Xent), byol (a target network predicted), protonet (prototypes) or r2d2 (ridge
    regression)."""
    rotation: Rotation = "none"
    """Rotation by 0, 90, 180 or 270 degrees: none; of each view on its own (sample); of all views of an image alike,
    which makes new classes (task); of copies whose turn an auxiliary loss predicts (auxiliary); or the last two
    together (both)."""
    rotation_probability: float = 1.0
    """Probability that an image, or a view, draws one of the four turns, 0 to 1; the others stay upright. All copies
    of the auxiliary loss draw one."""
    rotation_weight: float = 1.0
    """Weight of the auxiliary loss."""
    rotation_weight_schedule: RotationWeightSchedule = "constant"
    """Schedule of that weight: constant, or falling to 0 as a cosine over training (cosine)."""
    batch: int = 128
    """Number of images in a task, each of them a class, over all processes."""
    tasks: int = 1
    """Number of tasks in a step, whose losses are averaged."""
    support_views: int = 1
    """Number of views of an image that the learner adapts to; 1 for simclr and byol."""
    query_views: int = 1
    """Number of views of an image that it is then tested on; 1 for simclr and byol."""
    query_cutmix: bool = False
    """Mix query images of protonet and r2d2 by CutMix, with shares uniform from 0 to 1."""
    encoder: EncoderName = "resnet18"
    """The network."""
    width: int | None = None
    """Channels of the encoder's first layer, which scale all others; 64 if left out."""
    stem: StemName = "auto"
    """First layers of the encoder: 3x3 without pooling (cifar), 7x7 with stride 2 and pooling (imagenet), or one of
    them by the size of the images (auto): cifar up to 64 pixels."""
    projection: int | None = None
    """Outputs of the projector; 128, 256 for byol, if left out."""
    hidden: int | None = None
    """Hidden units of the projector, and of byol's predictor; the encoder's features, 2048 for byol, if left out."""
    epochs: int = 20
    """Epochs of training."""
    optimizer: OptimizerName = "adamw"
    """The optimizer: adamw, for short training at small scale, or lars, as published."""
    learning_rate: float | None = None
    """Learning rate for steps of 1024 images; it is scaled by the images of a step. If left out, 0.008 (adamw), 4 (lars
    with the recipe cifar) or 9.6 (lars with imagenet)."""
    weight_decay: float = 1e-6
    """Weight decay of weights with two or more axes; biases and batch norms are spared."""
    warmup: float | None = None
    """Share of the steps in which the learning rate rises, 0 to below 1; then it falls as a cosine. If left out, 0.01
    with the recipe cifar and 0.1 with imagenet."""
    recipe: Recipe = "cifar"
    """The random views: cifar (crop, flip, colour jitter of strength 0.5, grayscale), or imagenet (jitter of
    strength 1, and blur)."""
    jitter_order: JitterOrder = "image"
    """Order of the colour operations: one for each view of each image (image), or one for each view of an epoch, which
    is quicker (batch)."""
    temperature: float | None = None
    """Temperature t: it divides cosines (simclr), squared distances (protonet) and, as a root, features (r2d2, where
    only ridge x t matters). If left out, 0.1 for r2d2, for others 0.5 with the recipe cifar and 0.1 with imagenet."""
    ridge: float = 50.0
    """Ridge coefficient lambda of r2d2."""
    logit_scale: float = 1.0
    """Factor of r2d2's logits, which the published learner does not have."""
    learn_logit_scale: bool = False
    """Learn that factor, from logit_scale on."""
    target_momentum: float = 0.99
    """Momentum of byol's target network at the first step; it rises to 1 as a cosine. 1 keeps the target as it is."""
    batch_norm: BatchNorm = "auto"
    """Statistics of batch norm where several processes train: over the images of all of them (auto), or of each
    process by itself (local), which lets learners tell positives by the statistics."""
    monitored: int = 1000
    """Number of training images, and of held-out ones, that the k-NN accuracy after each epoch is of; labels serve this
    figure alone. 0 switches off k-NN accuracy, spread and effective rank."""
    seed: int = 0
    """Seed of everything random."""

    @property
    def is_meta_learner(self) -> bool:
        """Whether the learner adapts to support views and is tested on query views."""
        return self.learner in ("protonet", "r2d2")

    @property
    def views(self) -> int:
        """Views of an image in a task."""
        return self.support_views + self.query_views

    @property
    def step_images(self) -> int:
        """Images of a step, over all tasks and processes."""
        return self.batch * self.tasks

    @property
    def reference_rate(self) -> float:
        """The learning rate for steps of 1024 images."""
        return self.learning_rate or _RATES[self.optimizer][self.recipe]

    @property
    def scaled_rate(self) -> float:
        """The learning rate after the warm-up."""
        return self.reference_rate * self.step_images / REFERENCE_BATCH

    @property
    def warmup_share(self) -> float:
        """The share of the steps in which the learning rate rises."""
        return _WARMUPS[self.recipe] if self.warmup is None else self.warmup

    @property
    def used_temperature(self) -> float:
        """The temperature of the loss."""
        own = _RIDGE_TEMPERATURE if self.learner == "r2d2" else _TEMPERATURES[self.recipe]
        return self.temperature or own

    @property
    def projected(self) -> int:
        """Outputs of the projector."""
        return self.projection or (256 if self.learner == "byol" else 128)

    @property
    def turns_views(self) -> bool:
        """Whether views that enter the learner's own loss are turned."""
        return self.rotation in ("sample", "task", "both")

    @property
    def predicts_turns(self) -> bool:
        """Whether an auxiliary loss predicts the turns of copies."""
        return self.rotation in ("auxiliary", "both")
