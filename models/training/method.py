"""What a chapter brings to a training: models, optimizers, batches, and a step."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor, nn

from models.training.optimizers import Scheduled

Batch = Any
"""Whatever a method's step takes: tensors, or lists, tuples and dictionaries of them."""


class Stateful(Protocol):
    """What a checkpoint can keep: its state consists of tensors, numbers, texts, lists and dictionaries."""

    def state_dict(self) -> dict[str, Any]:
        """The state."""

    def load_state_dict(self, state: Any) -> Any:
        """Takes up a state."""


@dataclass(frozen=True)
class Loss:
    """A step's result: a loss that the loop differentiates, and metrics to log beside it, each a scalar tensor.

    weight: scalar tensor, at least 0, for a mean over a number that varies, such as that of labelled pixels. Gradients
    are averaged over the batches and processes of a step by this weight, so that each pixel counts the same. Without it
    batches and processes count the same. Either all steps of a stage have a weight, or none.
    """

    loss: Tensor
    metrics: Mapping[str, Tensor] = field(default_factory=dict)
    weight: Tensor | None = None


@dataclass(frozen=True)
class Gradients:
    """A step's result where the method has written the gradients into `.grad` itself.

    loss: scalar tensor to log; the loop does not differentiate it. metrics: more of them. The loop averages the
    gradients over processes.
    """

    loss: Tensor
    metrics: Mapping[str, Tensor] = field(default_factory=dict)


class Method(ABC):
    """A way to train.

    models: by name, all of them on the run's device and kept in checkpoints; those without trainable parameters, such
    as moving averages, are kept just the same. optimizers: by name, with their schedules. state: further things that a
    resumed run needs, such as queues, by name.
    """

    models: Mapping[str, nn.Module]
    optimizers: Mapping[str, Scheduled]
    state: Mapping[str, Stateful] = {}

    @abstractmethod
    def batches(self, epoch: int, first: int) -> Iterable[Batch]:
        """The batches of an epoch from number `first` on: a function of the two numbers alone.

        That is what lets a resumed run end with the same numbers as an unbroken one.
        """

    @abstractmethod
    def step(self, models: Mapping[str, nn.Module], batch: Batch) -> Loss | Gradients:
        """Computes a loss, or gradients, for a batch on the run's device.

        models: those of the method, prepared for several processes and mixed precision; calls to be trained through go
        to these. Random numbers drawn here are a function of stage, step and process.
        """

    def share(self, batch: Batch, process: int, processes: int) -> Batch | None:
        """A process's part of a batch; None, the same on every process, skips the batch.

        By default a batch is a tuple of tensors with samples along the first axis, of which each process takes every
        `processes`-th. Batches that would leave a process fewer than two samples are skipped.
        """
        if processes > 1 and len(batch[0]) < 2 * processes:
            return None
        return tuple(part[process::processes] for part in batch)

    def after_step(self, step: int) -> None:  # noqa: B027 - most methods have nothing to do there
        """Runs after step number `step`, from 1 on: for moving averages, queues and the like."""

    def validate(self) -> Mapping[str, float]:
        """Figures after an epoch, logged and used to choose the best checkpoint; none by default."""
        return {}
