"""One stage of a training run: its length, its files, and how its steps are taken."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True)
class Best:
    """Which checkpoint of a stage to keep. metric: of `Method.validate`. aim: whether more or less of it is better."""

    metric: str
    aim: Literal["max", "min"] = "max"

    def improves(self, value: float, best: float | None) -> bool:
        """Whether `value` is better than the best one so far."""
        return best is None or (value > best if self.aim == "max" else value < best)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage of a training run.

    name: names the stage in metrics and messages. epochs, steps: its length, in one of the two; a stage that is counted
    in steps ends in the middle of an epoch if need be. key: seeds the random numbers of its steps.
    settings: what the result depends on, as plain values; a checkpoint with other settings is refused.
    checkpoint: file with the state, written after an epoch (not after each where a large file would hold up short
    epochs) and within. metrics: JSON lines, one an epoch.
    clip_norm: largest norm of the gradients of all models together, or None. accumulate: batches whose gradients are
    averaged for one step. checkpoint_steps: steps between checkpoints within an epoch; None saves after epochs,
    and, in a single process, every ten minutes. best: keeps the best models by a metric of `Method.validate`, and
    ends the stage with them. snapshots: keeps the models after every so many epochs, in files of their own.

    Raises ValueError for impossible numbers.
    """

    name: str
    settings: dict[str, Any]
    checkpoint: Path
    metrics: Path
    epochs: int | None = None
    steps: int | None = None
    key: str = ""
    clip_norm: float | None = None
    accumulate: int = 1
    checkpoint_steps: int | None = None
    best: Best | None = None
    snapshots: int | None = None

    def __post_init__(self) -> None:
        if (self.epochs is None) == (self.steps is None):
            raise ValueError(f"stage {self.name!r} needs a length: either epochs or steps")
        for name in ("epochs", "steps", "accumulate", "checkpoint_steps", "snapshots"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int) or value < 1):
                raise ValueError(f"{name} of stage {self.name!r} is {value!r}; allowed is an integer of at least 1")
        if self.clip_norm is not None and not self.clip_norm > 0:
            raise ValueError(f"clip_norm of stage {self.name!r} is {self.clip_norm}; allowed is a number above 0")

    @property
    def best_checkpoint(self) -> Path:
        """File with the best models."""
        return self.checkpoint.with_name(f"{self.checkpoint.stem}-best{self.checkpoint.suffix}")
