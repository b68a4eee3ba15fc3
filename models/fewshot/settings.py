"""Settings of a few-shot run. They are collected without torch, so that a command line's help is quick."""

from dataclasses import dataclass
from typing import Literal

from models.fewshot.augmentation.settings import AugmentationSettings
from models.fewshot.pools.settings import PoolSettings

Learner = Literal["prototype", "ridge", "svm", "mct", "classical", "maml", "fomaml", "reptile"]
HeadName = Literal["prototype", "ridge", "svm", "linear", "mct-inductive", "mct-transductive", "fine-tuning"]
Way = Literal["auto", "loop", "vmap"]
EncoderName = Literal["cnn4", "64x4", "4x32", "resnet12"]
RegularizerName = Literal["none", "feature-clustering", "hyperplane-variation"]
ScheduleName = Literal["cosine", "steps", "drops"]
BatchNorm = Literal["running", "episode", "support"]

_WAYS_OF_MCT = 15  # dissertation 6.6.3
_FINE_TUNED = ("maml", "fomaml", "reptile")


@dataclass(frozen=True, kw_only=True)
class FewShotSettings:
    """Settings of a few-shot run, as a command line collects them: not checked yet."""

    learner: Learner = "prototype"
    """The learner: features meta-learned with a head, which is prototype (ProtoNet), ridge (R2-D2), svm (MetaOptNet)
    or mct (ProtoNet with meta-learned confidence); classical training on all training classes; or a network
    meta-learned for fine-tuning, by maml, fomaml or reptile.
    """
    encoder: EncoderName = "64x4"
    """The network: cnn4 (R2-D2's), 64x4 (ProtoNet's), 4x32 (MAML's) or resnet12 (MetaOptNet's)."""
    width: int | None = None
    """Channels of the first layer, which scale all others; the network's own if left out."""
    way: int = 5
    """Classes of an episode."""
    training_way: int | None = None
    """Classes of a training episode; 15 for mct and --way for the others if left out."""
    transductive: bool = False
    """Whether the queries of an episode refine its prototypes, in training and evaluation; mct alone."""
    shot: int = 1
    """Support images of each class."""
    query: int = 6
    """Query images of each class."""
    tasks: int = 8
    """Episodes in a batch, over all processes; with a classical learner, a batch has as many images in pairs of
    classes, four to a pair."""
    batches: int = 100
    """Batches in an epoch."""
    epochs: int = 20
    """Epochs of training."""
    schedule: ScheduleName = "cosine"
    """Optimizer and schedule: cosine (Adam, 0.001, which falls to 0), or SGD with Nesterov momentum and 0.1, which is
    divided by ten at 1/3, 1/2, 2/3 and 5/6 of the epochs (steps), or falls to 0.006, 0.0012 and 0.00024 at 1/3, 2/3 and
    5/6 (drops). Reptile has its own: a meta step of 1 that falls to 0."""
    learning_rate: float | None = None
    """Learning rate at the start; that of the schedule if left out."""
    regularizer: RegularizerName = "none"
    """Regularizer of classical features: feature-clustering (R_FC) or hyperplane-variation (R_HV)."""
    coefficient: float = 0.05
    """Coefficient of the regularizer in the loss."""
    inner_steps: int = 5
    """Steps of fine-tuning on a task, in the training of maml, fomaml and reptile."""
    inner_rate: float | None = None
    """Learning rate of fine-tuning; 0.01 (maml, fomaml) or 0.001 (reptile) if left out."""
    inner_batch: int = 10
    """Support images of a step of fine-tuning; reptile alone."""
    fine_tuning_steps: int = 10
    """Steps of fine-tuning in evaluation."""
    weight_clustering: float = 0.0
    """Coefficient of the pull of a batch's tasks towards their mean, including the constant 2 (1 - 1/m) for m tasks;
    reptile alone."""
    way_through_tasks: Way = "auto"
    """Tasks of a batch: one by one (loop), together (vmap), or the quicker of the two, found by a short timing."""
    chunk: int | None = None
    """Tasks that vmap takes at a time; all if left out."""
    augmentation: AugmentationSettings = AugmentationSettings()
    """Augmentation of training episodes."""
    standard: bool = False
    """Flips, crops and colour jitter of all images of training episodes, before any other augmentation."""
    pools: PoolSettings = PoolSettings()
    """What training is drawn from."""
    snapshots: int | None = None
    """Keeps the weights after every so many epochs, such as 10, for an ensemble; keeps none if left out."""
    validation_episodes: int = 200
    """Episodes of validation classes after each epoch; the best epoch's weights are kept. 0 keeps the last."""
    head: HeadName | None = None
    """Head of evaluation: on frozen features, or fine-tuning of the whole network from a classifier of zeros. If left
    out, the learner's own: ridge after classical training, and fine-tuning, which no other replaces, after maml, fomaml
    and reptile."""
    test_episodes: int = 1000
    """Episodes of test classes at the end, for 1 and 5 shots."""
    seed: int = 0
    """Seed of everything random."""

    @property
    def head_name(self) -> HeadName:
        """The head of evaluation."""
        if self.head is not None:
            return self.head
        if self.learner in _FINE_TUNED:
            return "fine-tuning"
        if self.learner == "mct":
            return "mct-transductive" if self.transductive else "mct-inductive"
        return "ridge" if self.learner == "classical" else self.learner  # type: ignore[return-value]

    @property
    def trained_way(self) -> int:
        """Classes of a training episode."""
        return self.training_way or (_WAYS_OF_MCT if self.learner == "mct" else self.way)

    @property
    def is_fine_tuned(self) -> bool:
        """Whether the learner adapts its whole network to a task."""
        return self.learner in _FINE_TUNED

    @property
    def batch_norm(self) -> BatchNorm:
        """The mode of batch norm in training and, unless another one is asked for, in evaluation."""
        return "episode" if self.is_fine_tuned else "running"

    @property
    def trains_on_queries(self) -> bool:
        """Whether the loss of training is that of the queries; Reptile trains on supports alone."""
        return self.learner != "reptile"

    @property
    def augments(self) -> bool:
        """Whether training episodes are augmented."""
        return self.standard or self.augmentation != AugmentationSettings()

    @property
    def fine_tuning_rate(self) -> float:
        """The learning rate of fine-tuning."""
        return self.inner_rate or (1e-3 if self.learner == "reptile" else 1e-2)
