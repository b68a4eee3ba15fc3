"""Settings of a few-shot run. They are collected without torch, so that a command line's help is quick."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self, get_args

from models.fewshot.augmentation.settings import AugmentationSettings
from models.fewshot.pools.settings import PoolSettings

Learner = Literal["prototype", "ridge", "svm", "mct", "classical", "maml", "fomaml", "reptile"]
HeadName = Literal["prototype", "ridge", "svm", "linear", "mct-inductive", "mct-transductive", "fine-tuning"]
Way = Literal["auto", "loop", "vmap"]
EncoderName = Literal["cnn4", "64x4", "4x32", "resnet12"]
RegularizerName = Literal["none", "feature-clustering", "hyperplane-variation"]
ScheduleName = Literal["cosine", "steps"]
BatchNorm = Literal["running", "episode", "support"]

ADDED: Mapping[str, Any] = {
    "augmentation": asdict(AugmentationSettings()),
    "standard": False,
    "training_way": None,
    "transductive": False,
    "pools": asdict(PoolSettings()),
    "snapshots": None,
}
"""Settings that runs of earlier versions do not have, with what they did."""

_WAYS_OF_MCT = 15  # dissertation 6.6.3
_TWO_MAPS = "cnn4"  # the encoder whose features are of two layers
_FINE_TUNED = ("maml", "fomaml", "reptile")
_MOST = 1 << 20
_LARGEST_LEARNING_RATE = 1000


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
    """Optimizer and schedule: cosine (Adam, 0.001, which falls to 0) or steps (SGD with Nesterov momentum, 0.1, divided
    by ten at 1/3, 1/2, 2/3 and 5/6 of the epochs). Reptile has its own: a meta step of 1 that falls to 0."""
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
    """Epochs after which the weights are kept, 10 for every tenth, for an ensemble; none if left out."""
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
    def augments(self) -> bool:
        """Whether training episodes are augmented."""
        return self.standard or self.augmentation != AugmentationSettings()

    @property
    def fine_tuning_rate(self) -> float:
        """The learning rate of fine-tuning."""
        return self.inner_rate or (1e-3 if self.learner == "reptile" else 1e-2)


@dataclass(frozen=True, kw_only=True)
class FewShotConfig(FewShotSettings):
    """Settings of a few-shot run. Raises ValueError, naming the setting and what is allowed, for impossible ones."""

    def __post_init__(self) -> None:
        from models.training.seeds import check_seed

        check_seed(self.seed)
        self._check_names()
        self._check_numbers()
        self.augmentation.check()
        if self.learner == "reptile" and self.inner_batch == 1:
            raise ValueError("inner_batch is 1; batch norm takes its statistics from a batch, which needs 2 images")
        if self.weight_clustering and self.learner != "reptile":
            raise ValueError(f"weight_clustering is for the reptile learner, not {self.learner}")
        self.check_head(self.head_name)
        self._check_episodes()
        if self.learner == "classical" and self.augments:
            raise ValueError("augmentation is of episodes, which the classical learner does not train on")
        if self.standard and self.is_fine_tuned:
            raise ValueError(f"standard is for learners with a head on features, not {self.learner}")
        self.pools.check(self.shot, self.query)
        self.pools.check_training(on_episodes=self.learner != "classical", validation=self.validation_episodes)
        if self.regularizer != "none" and self.learner != "classical":
            raise ValueError(f"regularizer {self.regularizer} is for the classical learner, not {self.learner}")

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """The settings in a record of them, also of an earlier version. Raises KeyError for one that is missing."""
        found = {field.name: {**ADDED, **record}[field.name] for field in fields(cls)}
        augmentation, pools = AugmentationSettings(**found["augmentation"]), PoolSettings(**found["pools"])
        return cls(**found | {"augmentation": augmentation, "pools": pools})

    def check_head(self, head: HeadName) -> None:
        """Raises ValueError for a head on frozen features if the learner's network is meant to be fine-tuned."""
        if self.is_fine_tuned and head != "fine-tuning":
            raise ValueError(f"head {head} does not go with the learner {self.learner}")
        if head.startswith("mct-") and self.learner != "mct":
            raise ValueError(f"head {head} needs the metric of the learner mct; the learner is {self.learner}")

    def _check_episodes(self) -> None:
        if self.training_way is not None and (self.is_fine_tuned or self.learner == "classical"):
            raise ValueError(f"training_way is for learners with a head on features, not {self.learner}")
        if self.transductive and self.learner != "mct":
            raise ValueError(f"transductive is for the learner mct, not {self.learner}")
        if self.learner == "mct" and self.encoder == _TWO_MAPS:
            allowed = ", ".join(name for name in get_args(EncoderName) if name != _TWO_MAPS)
            raise ValueError(f"encoder is {_TWO_MAPS}, whose features are of two maps; mct allows {allowed}")

    def _check_names(self) -> None:
        for name, kind in (
            ("learner", Learner),
            ("encoder", EncoderName),
            ("regularizer", RegularizerName),
            ("schedule", ScheduleName),
            ("way_through_tasks", Way),
        ):
            if getattr(self, name) not in get_args(kind):
                raise ValueError(f"{name} is {getattr(self, name)!r}; allowed are {', '.join(get_args(kind))}")
        if self.head is not None and self.head not in get_args(HeadName):
            raise ValueError(f"head is {self.head!r}; allowed are {', '.join(get_args(HeadName))}")

    def _check_numbers(self) -> None:
        for name, smallest in (
            ("way", 2),
            ("shot", 1),
            ("query", 1),
            ("tasks", 1),
            ("batches", 1),
            ("epochs", 1),
            ("inner_steps", 1),
            ("inner_batch", 1),
            ("fine_tuning_steps", 1),
            ("validation_episodes", 0),
            ("test_episodes", 2),
        ):
            value = getattr(self, name)
            if not isinstance(value, int) or not smallest <= value <= _MOST:
                raise ValueError(f"{name} is {value}; allowed are the integers {smallest} to {_MOST}")
        if self.snapshots is not None and not 1 <= self.snapshots <= self.epochs:
            raise ValueError(f"snapshots is {self.snapshots}; allowed are the integers 1 to {self.epochs}, the epochs")
        if self.training_way is not None and not 2 <= self.training_way <= _MOST:
            raise ValueError(f"training_way is {self.training_way}; allowed are the integers 2 to {_MOST}")
        if self.width is not None and self.width < 1:
            raise ValueError(f"width is {self.width}; allowed is an integer of at least 1")
        if self.chunk is not None and self.chunk < 1:
            raise ValueError(f"chunk is {self.chunk}; allowed is an integer of at least 1")
        for name in ("learning_rate", "inner_rate"):
            rate = getattr(self, name)
            if rate is not None and not 0 < rate <= _LARGEST_LEARNING_RATE:
                raise ValueError(f"{name} is {rate}; allowed are numbers above 0, up to {_LARGEST_LEARNING_RATE}")
        for name in ("coefficient", "weight_clustering"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"{name} is {getattr(self, name)}; allowed is a number of at least 0")
