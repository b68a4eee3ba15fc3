"""Settings of a run of chapter 4. They are collected without torch, so that a command line's help is quick."""

from dataclasses import dataclass
from typing import Literal

from models.attention.backbones.letters import NormName

TaskName = Literal["classify", "segment", "detect"]
ScheduleName = Literal["cosine", "steps", "poly", "constant"]


@dataclass(frozen=True, kw_only=True)
class LsaSettings:
    """Settings of a run, as a command line collects them: not checked yet."""

    task: TaskName = "classify"
    """What to learn: classes of images (classify), of pixels (segment), or boxes and masks of objects (detect)."""
    network: str = "s12"
    """The backbone: s12, s18, s24, swin-s, nextvit-s|b|l or nextvit-s|b|l-lsa."""
    mixers: str | None = None
    """Token mixers of the four stages, a letter each: C depthwise, P pooling, A global, L LSA, W window, G window and
    grid in turn, X cross-shaped, R spatial reduction. The network's own if left out."""
    norm: NormName | None = None
    """Norm of the blocks: ln, bn, or bn in convolution blocks and ln in attention (bn-ln). The network's own if left
    out."""
    length: int = 49
    """Tokens of a run of local self-attention."""
    swap: bool = True
    """Let every second block of local self-attention read columns instead of rows."""
    position_bias: bool = True
    """Learn a position bias in attention."""
    width: float = 1.0
    """Factor of all channels."""
    stem_stride: Literal[1, 2, 4] | None = None
    """Stride of the stem, in pixels. If left out, 1 for images of up to 64 pixels and 4 for larger ones."""
    head_dim: int | None = None
    """Channels of an attention head; 32, or less for widths below 1, if left out."""
    layer_scale: float = 1e-5
    """Initial factor of a MetaFormer's branches; 0 for none."""
    drop_path: float = 0.0
    """Rate of stochastic depth in the last block, 0 to below 1; it grows linearly from the first block on."""
    checkpointing: bool = False
    """Compute activations again for the gradients instead of keeping them: less memory, more time."""
    epochs: int | None = None
    """Epochs of training; 20 if neither epochs nor steps are given."""
    steps: int | None = None
    """Length of the training in steps, instead of epochs; it may end within an epoch."""
    checkpoint_steps: int | None = None
    """Steps between checkpoints within an epoch. If left out, checkpoints follow epochs and, in a single process, ten
    minutes."""
    batch_size: int = 64
    """Images in a batch, over all processes."""
    accumulate: int = 1
    """Batches whose gradients are averaged for a step."""
    learning_rate: float | None = None
    """Learning rate of AdamW after the warm-up. If left out, 0.001 (classify) or 0.0001 (segment, detect)."""
    weight_decay: float | None = None
    """Weight decay of AdamW; norms, biases, layer scales and position tables are spared. If left out, 0.05 (classify,
    detect) or 0.0001 (segment)."""
    schedule: ScheduleName | None = None
    """Learning rate after the warm-up, step by step: cosine to 0, a tenth after 8/12 and again after 11/12 of the
    training (steps), a polynomial of power 0.9 (poly), or constant. If left out, cosine (classify), poly (segment) or
    steps (detect)."""
    warmup: int | None = None
    """Steps in which the learning rate rises linearly. If left out, 3 (classify), 0 (segment) or 1000 (detect), but at
    most a tenth of the training."""
    clip_norm: float | None = None
    """Largest norm of the gradients; not limited if left out."""
    average: float | None = None
    """Decay of the moving average of the weights, 0 to below 1, such as 0.9999, which is then what the run keeps and
    evaluates. No average if left out."""
    label_smoothing: float = 0.1
    """Share of each label that is spread over all classes, 0 to below 1."""
    shift: int = 0
    """Augmentation: most pixels by which images in memory are shifted, 0 to 16; pictures on disk are cropped at
    random."""
    flip: bool = False
    """Augmentation: mirror half of the images left to right."""
    rand_augment: int = 0
    """Augmentation: operations of RandAugment for each image; 0 for none. This and the next ones need the extra
    `augment`."""
    magnitude: int = 9
    """Strength of RandAugment's operations, 1 to 29."""
    mixup: float = 0.0
    """Augmentation: probability of Mixup for a batch, 0 to 1. Mixup and CutMix together are at most 1."""
    cutmix: float = 0.0
    """Augmentation: probability of CutMix for a batch, 0 to 1."""
    erasing: float = 0.0
    """Augmentation: probability of random erasing for an image, 0 to 1."""
    seed: int = 0
    """Seed of everything random."""

    @property
    def used_learning_rate(self) -> float:
        """The learning rate after the warm-up."""
        return self.learning_rate or (1e-3 if self.task == "classify" else 1e-4)

    @property
    def used_weight_decay(self) -> float:
        """The weight decay."""
        if self.weight_decay is not None:
            return self.weight_decay
        return 1e-4 if self.task == "segment" else 0.05

    @property
    def used_schedule(self) -> ScheduleName:
        """The schedule of the learning rate."""
        own: dict[TaskName, ScheduleName] = {"classify": "cosine", "segment": "poly", "detect": "steps"}
        return self.schedule or own[self.task]

    @property
    def used_epochs(self) -> int | None:
        """Epochs of training; None for a length in steps."""
        return None if self.steps is not None else self.epochs or 20

    def warmup_of(self, steps: int) -> int:
        """Steps of the warm-up in a training of so many steps."""
        own = {"classify": 3, "segment": 0, "detect": 1000}[self.task]
        return min(own, steps // 10) if self.warmup is None else self.warmup

    def stem_stride_for(self, height: int, width: int) -> int:
        """Stride of the stem for images of this size."""
        return self.stem_stride or (1 if max(height, width) <= 64 else 4)
