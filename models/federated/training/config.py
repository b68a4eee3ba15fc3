"""The checked settings of a federated run."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

from models.checks import check_above_zero, check_choice
from models.federated.choices import FEWEST_SECURE, FLOAT_BITS, AggregateName, CriterionName, Rounding, ScalePer
from models.federated.conformer.settings import CONFORMERS, ConformerSettings, SizeName
from models.federated.training.settings import Algorithm, FedAqtSettings, OptimizerName, ScheduleName
from models.federated.transcription.vocabulary import TokenKind

_MOST = 1 << 24
_CHOICES = (
    ("algorithm", Algorithm),
    ("scale_per", ScalePer),
    ("rounding", Rounding),
    ("aggregate", AggregateName),
    ("size", SizeName),
    ("tokens", TokenKind),
    ("criterion", CriterionName),
)
_FEDERATED: tuple[Algorithm, ...] = ("fedsgd", "fedavg")
_ONLY_FOR: Mapping[str, tuple[Algorithm, ...]] = {
    "relay": ("fedsgd",),
    "rounding": ("fedavg",),
    **{name: _FEDERATED for name in ("absent", "aggregate", "clip_update", "max_norm", "secure")},
}
"""Settings that only some algorithms read, with these."""

_COUNTS = ("bands", "rounds", "clients_per_round", "client_batch", "local_steps", "evaluate_every", "pieces")


@dataclass(frozen=True, kw_only=True)
class FedAqtConfig(FedAqtSettings):
    """Settings of a federated run. Raises ValueError, naming the setting and what is allowed, for others."""

    def __post_init__(self) -> None:
        from models.training.seeds import check_seed

        check_seed(self.seed)
        for name, kind in _CHOICES:
            check_choice(name, getattr(self, name), kind)
        for name, kind in (("optimizer", OptimizerName), ("schedule", ScheduleName)):
            if getattr(self, name) is not None:
                check_choice(name, getattr(self, name), kind)
        if self.bits != FLOAT_BITS and not 2 <= self.bits <= 8:
            raise ValueError(f"bits is {self.bits}; allowed are 2 to 8, and {FLOAT_BITS} for floats")
        for name in _COUNTS:
            value = getattr(self, name)
            if type(value) is not int or not 1 <= value <= _MOST:
                raise ValueError(f"{name} is {value}; allowed are the integers 1 to {_MOST}")
        for name in ("used_learning_rate", "local_learning_rate", "clip_update", "max_norm", "clip_norm"):
            if getattr(self, name) is not None:
                check_above_zero(name.removeprefix("used_"), getattr(self, name))
        if self.used_warmup < 0:
            raise ValueError(f"warmup is {self.warmup}; allowed are 0 and more rounds")
        if not 0 <= self.absent < 1:
            raise ValueError(f"absent is {self.absent}; allowed are 0 to below 1")
        if not 0 < self.quorum <= 1:
            raise ValueError(f"quorum is {self.quorum}; allowed are numbers above 0, up to 1")
        for name, algorithms in _ONLY_FOR.items():
            own = next(field.default for field in fields(self) if field.name == name)
            if self.algorithm not in algorithms and getattr(self, name) != own:
                raise ValueError(f"{name} is for {' and '.join(algorithms)}, not for {self.algorithm}")
        if self.tokens != "pieces" and self.pieces != FedAqtSettings.pieces:
            raise ValueError(f"pieces is for tokens pieces, not for {self.tokens}")
        if self.secure:
            self._check_secure()
        if self.conformer.norm == "batch" and self.algorithm != "central":
            raise ValueError("norm is batch, whose statistics clients do not send; allowed are layer and group")

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """The settings in a record of them. Raises KeyError for one that is missing."""
        return cls(**{field.name: record[field.name] for field in fields(cls)})

    def _check_secure(self) -> None:
        if self.clip_update is None:
            raise ValueError("secure needs clip_update, the largest norm that the added integers can hold")
        if self.max_norm is not None:
            raise ValueError(
                "max_norm cannot go with secure, whose server sees no client's update; clip_update bounds them"
            )
        if self.aggregate != "mean":
            raise ValueError(f"aggregate is {self.aggregate}; secure allows mean alone")
        if self.clients_per_round < FEWEST_SECURE:
            raise ValueError(f"clients_per_round is {self.clients_per_round}; secure needs {FEWEST_SECURE} and more")

    @property
    def conformer(self) -> ConformerSettings:
        """The encoder."""
        size = CONFORMERS[self.size]
        return replace(
            size,
            norm=self.norm,
            dropout=self.dropout,
            subsampling=self.subsampling,
            checkpointing=self.checkpointing,
        )

    @property
    def used_utterances(self) -> int:
        """The most utterances that a client trains on in a round."""
        return self.client_batch * (self.local_steps if self.algorithm == "fedavg" else 1)
