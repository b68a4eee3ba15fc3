"""The checked settings of a few-shot run."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self, get_args

from models.checks import check_choice
from models.fewshot.augmentation.settings import AugmentationSettings
from models.fewshot.pools.settings import PoolSettings
from models.fewshot.settings import (
    EncoderName,
    FewShotSettings,
    HeadName,
    Learner,
    RegularizerName,
    ScheduleName,
    Way,
)

ADDED: Mapping[str, Any] = {
    "augmentation": asdict(AugmentationSettings()),
    "standard": False,
    "training_way": None,
    "transductive": False,
    "pools": asdict(PoolSettings()),
    "snapshots": None,
}
"""Settings that runs of earlier versions do not have, with what they did."""

_TWO_MAPS = "cnn4"  # the encoder whose features are of two layers
_MOST = 1 << 20
_LARGEST_LEARNING_RATE = 1000


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
        if self.pools.query_pool is not None and not self.trains_on_queries:
            raise ValueError(f"query_pool is of queries, which the learner {self.learner} does not train on")
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
            check_choice(name, getattr(self, name), kind)
        if self.head is not None:
            check_choice("head", self.head, HeadName)

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
