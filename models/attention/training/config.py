"""The checked settings of a run of chapter 4."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from models.attention.backbones.options import BackboneOptions
from models.attention.training.settings import LsaSettings, ScheduleName, TaskName
from models.checks import check_above_zero, check_choice

_MOST = 1 << 24
_COUNTS = (
    ("batch_size", 1, 1 << 20),
    ("accumulate", 1, _MOST),
    ("shift", 0, 16),
    ("rand_augment", 0, 16),
    ("magnitude", 1, 29),
)
_OPTIONAL_COUNTS = (("epochs", 1), ("steps", 1), ("checkpoint_steps", 1), ("warmup", 0))


@dataclass(frozen=True, kw_only=True)
class LsaConfig(LsaSettings):
    """Settings of a run. Raises ValueError, naming the setting and what is allowed, for others."""

    def __post_init__(self) -> None:
        from models.training.seeds import check_seed

        check_seed(self.seed)
        check_choice("task", self.task, TaskName)
        if self.schedule is not None:
            check_choice("schedule", self.schedule, ScheduleName)
        self.backbone_options(classes=1, stem_stride=self.stem_stride or 4)
        self._check_counts()
        self._check_rates()

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """The settings in a record of them. Raises KeyError for one that is missing."""
        return cls(**{field.name: record[field.name] for field in fields(cls)})

    def backbone_options(self, classes: int | None, stem_stride: int) -> BackboneOptions:
        """The options of the backbone. classes: of its head; None for no head. Raises ValueError for others."""
        return BackboneOptions(
            name=self.network,
            mixers=self.mixers,
            norm=self.norm,
            length=self.length,
            classes=classes,
            width=self.width,
            stem_stride=stem_stride,
            head_dim=self.head_dim,
            swap=self.swap,
            position_bias=self.position_bias,
            layer_scale=self.layer_scale,
            drop_path=self.drop_path,
            checkpointing=self.checkpointing,
        )

    def _check_counts(self) -> None:
        for name, smallest, largest in _COUNTS:
            value = getattr(self, name)
            if type(value) is not int or not smallest <= value <= largest:
                raise ValueError(f"{name} is {value}; allowed are the integers {smallest} to {largest}")
        for name, smallest in _OPTIONAL_COUNTS:
            value = getattr(self, name)
            if value is not None and (type(value) is not int or not smallest <= value <= _MOST):
                raise ValueError(f"{name} is {value}; allowed are the integers {smallest} to {_MOST}")
        if self.epochs is not None and self.steps is not None:
            raise ValueError(f"epochs is {self.epochs} and steps is {self.steps}; allowed is one of the two")

    def _check_rates(self) -> None:
        for name in ("learning_rate", "clip_norm"):
            value = getattr(self, name)
            if value is not None:
                check_above_zero(name, value)
        if self.weight_decay is not None and not 0 <= self.weight_decay <= 1:
            raise ValueError(f"weight_decay is {self.weight_decay}; allowed are 0 to 1")
        for name in ("label_smoothing", "average"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < 1:
                raise ValueError(f"{name} is {value}; allowed are 0 to below 1")
        for name in ("mixup", "cutmix", "erasing"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}; allowed are 0 to 1")
        if self.mixup + self.cutmix > 1:
            raise ValueError(f"mixup is {self.mixup} and cutmix is {self.cutmix}; allowed is a sum of at most 1")
