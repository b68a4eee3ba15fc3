"""The checked settings of a self-supervised run."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

from models.checks import check_above_zero, check_choice
from models.selfsup.settings import (
    BatchNorm,
    EncoderName,
    JitterOrder,
    LearnerName,
    OptimizerName,
    Recipe,
    Rotation,
    RotationWeightSchedule,
    SelfSupSettings,
    StemName,
)
from models.selfsup.views.recipes import RECIPES, ViewRecipe

_NAMES = (
    ("learner", LearnerName),
    ("rotation", Rotation),
    ("rotation_weight_schedule", RotationWeightSchedule),
    ("encoder", EncoderName),
    ("stem", StemName),
    ("recipe", Recipe),
    ("jitter_order", JitterOrder),
    ("optimizer", OptimizerName),
    ("batch_norm", BatchNorm),
)
_COUNTS = (
    ("batch", 2),
    ("tasks", 1),
    ("support_views", 1),
    ("query_views", 1),
    ("epochs", 1),
    ("monitored", 0),
)
_OPTIONAL_COUNTS = ("width", "projection", "hidden")
_POSITIVE = ("ridge", "logit_scale")
_OPTIONAL_POSITIVE = ("learning_rate", "temperature")
_MOST = 1 << 20


@dataclass(frozen=True, kw_only=True)
class SelfSupConfig(SelfSupSettings):
    """Settings of a self-supervised run. Raises ValueError, naming the setting and what is allowed, for others."""

    def __post_init__(self) -> None:
        from models.training.seeds import check_seed

        check_seed(self.seed)
        self._check_names()
        self._check_counts()
        self._check_numbers()
        self._check_learner()

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """The settings in a record of them. Raises KeyError for one that is missing."""
        return cls(**{field.name: record[field.name] for field in fields(cls)})

    def view_recipe(self, size: int | None) -> ViewRecipe:
        """The random changes that make views. size: their side in pixels; None for the size of the images."""
        return replace(RECIPES[self.recipe], size=size, order=self.jitter_order)

    def _check_names(self) -> None:
        for name, kind in _NAMES:
            check_choice(name, getattr(self, name), kind)

    def _check_counts(self) -> None:
        for name, smallest in _COUNTS:
            value = getattr(self, name)
            if type(value) is not int or not smallest <= value <= _MOST:
                raise ValueError(f"{name} is {value}; allowed are the integers {smallest} to {_MOST}")
        for name in _OPTIONAL_COUNTS:
            value = getattr(self, name)
            if value is not None and (type(value) is not int or not 1 <= value <= _MOST):
                raise ValueError(f"{name} is {value}; allowed are the integers 1 to {_MOST}")

    def _check_numbers(self) -> None:
        for name in (*_POSITIVE, *_OPTIONAL_POSITIVE):
            value = getattr(self, name)
            if not (value is None and name in _OPTIONAL_POSITIVE):
                check_above_zero(name, value)
        for name in ("rotation_probability", "target_momentum", "weight_decay"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}; allowed are 0 to 1")
        if not 0 <= self.rotation_weight < float("inf"):
            raise ValueError(f"rotation_weight is {self.rotation_weight}; allowed is a number of at least 0")
        if not 0 <= self.warmup_share < 1:
            raise ValueError(f"warmup is {self.warmup}; allowed are 0 to below 1")

    def _check_learner(self) -> None:
        if self.learner != "r2d2" and (self.learn_logit_scale or self.logit_scale != 1):
            raise ValueError(f"logit_scale and learn_logit_scale are for the learner r2d2, not {self.learner}")
        if self.is_meta_learner:
            return
        for name in ("support_views", "query_views"):
            if getattr(self, name) != 1:
                raise ValueError(f"{name} is {getattr(self, name)}; the learner {self.learner} allows 1")
        if self.query_cutmix:
            raise ValueError(f"query_cutmix is for the learners protonet and r2d2, not {self.learner}")
