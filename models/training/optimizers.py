"""Optimizers and learning-rate schedules, by name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import (
    ConstantLR,
    CosineAnnealingLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    MultiStepLR,
    PolynomialLR,
    SequentialLR,
)

from models.checks import check_above_zero
from models.training.lars import LARS, is_vector
from models.training.yogi import Yogi

OptimizerName = Literal["adam", "adamw", "sgd", "lars", "yogi"]
ScheduleName = Literal["constant", "cosine", "steps", "poly"]
Period = Literal["epoch", "step"]

_POWER = 0.9  # of the polynomial
_WARMUP_START = 1e-3  # share of the learning rate at the first period of a warm-up


@dataclass(frozen=True)
class Scheduled:
    """An optimizer with its schedule. every: the period after which the schedule moves on."""

    optimizer: Optimizer
    scheduler: LRScheduler
    every: Period = "epoch"


@dataclass(frozen=True, kw_only=True)
class OptimizerSettings:
    """An optimizer and how its learning rate changes.

    momentum: of SGD and LARS; Adam and Yogi have their usual betas. nesterov: whether SGD's momentum is Nesterov's.
    decay_vectors: whether weight decay is of parameters with fewer than two axes, too, as biases and batch norms, and
    of those that modules name in `undecayed`; LARS always spares the former. schedule: `constant`; `cosine`, which
    falls to 0; `poly`, which falls to 0 as a polynomial of power 0.9; `steps`, which divides the rate by ten at each
    fraction of the periods in `milestones`, or falls to the share of the first rate that `shares` has for that
    milestone. warmup: periods in which the rate rises linearly before the schedule starts. every: what a period is.

    Raises ValueError, naming the setting and what is allowed, for impossible ones.
    """

    optimizer: OptimizerName = "adam"
    learning_rate: float = 1e-3
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 0.0
    decay_vectors: bool = True
    schedule: ScheduleName = "cosine"
    milestones: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()
    warmup: int = 0
    every: Period = "epoch"

    def __post_init__(self) -> None:
        check_above_zero("learning_rate", self.learning_rate)
        for name in ("momentum", "weight_decay"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}; allowed are 0 to 1")
        if self.warmup < 0:
            raise ValueError(f"warmup is {self.warmup}; allowed are 0 and more periods")
        if not all(0 < share < 1 for share in self.milestones):
            raise ValueError(f"milestones are {self.milestones}; allowed are fractions between 0 and 1")
        if self.shares and len(self.shares) != len(self.milestones):
            raise ValueError(f"shares are {self.shares}; allowed is one for each of {len(self.milestones)} milestones")
        if self.optimizer == "yogi" and self.weight_decay:
            raise ValueError(f"weight_decay is {self.weight_decay}; yogi has none")

    def build(self, trained: nn.Module | Iterable[nn.Parameter], periods: int) -> Scheduled:
        """The optimizer of parameters, or of a model's that require gradients, and its schedule over `periods` periods.

        Parameters alone do not tell which module they are of, so `undecayed` needs a model. Raises ValueError if the
        warm-up leaves no period.
        """
        if periods <= self.warmup:
            raise ValueError(f"warmup is {self.warmup}; it has to be shorter than the {periods} periods of the stage")
        optimizer = self._optimizer(trained)
        main = self._schedule(optimizer, periods - self.warmup)
        if self.warmup:
            rise = LinearLR(optimizer, _WARMUP_START, total_iters=self.warmup)
            main = SequentialLR(optimizer, [rise, main], [self.warmup])
        return Scheduled(optimizer, main, self.every)

    def _optimizer(self, trained: nn.Module | Iterable[nn.Parameter]) -> Optimizer:
        if isinstance(trained, nn.Module):
            parameters = [one for one in trained.parameters() if one.requires_grad]
        else:
            parameters = list(trained)
        if self.optimizer == "lars":
            return LARS(parameters, self.learning_rate, momentum=self.momentum, weight_decay=self.weight_decay)
        if self.optimizer == "yogi":
            return Yogi(parameters, self.learning_rate)
        groups: list[Any] = parameters
        if not self.decay_vectors:
            groups = _spared(parameters, undecayed(trained) if isinstance(trained, nn.Module) else [])
        match self.optimizer:
            case "sgd":
                return SGD(
                    groups,
                    self.learning_rate,
                    momentum=self.momentum,
                    weight_decay=self.weight_decay,
                    nesterov=self.nesterov,
                )
            case "adamw":
                return AdamW(groups, self.learning_rate, weight_decay=self.weight_decay)
        return Adam(groups, self.learning_rate, weight_decay=self.weight_decay)

    def _schedule(self, optimizer: Optimizer, periods: int) -> LRScheduler:
        match self.schedule:
            case "cosine":
                return CosineAnnealingLR(optimizer, periods)
            case "poly":
                return PolynomialLR(optimizer, periods, _POWER)
            case "steps" if self.shares:
                ends = [max(1, round(periods * fraction)) for fraction in self.milestones]
                shares = (1.0, *self.shares)
                return LambdaLR(optimizer, lambda period: shares[sum(period >= end for end in ends)])
            case "steps":
                return MultiStepLR(optimizer, milestones_of(periods, self.milestones))
        return ConstantLR(optimizer, factor=1.0, total_iters=0)


def milestones_of(periods: int, fractions: Iterable[float]) -> list[int]:
    """The periods after which the learning rate is divided by ten; never 0, never twice the same."""
    return sorted({max(1, round(periods * fraction)) for fraction in fractions})


def undecayed(model: nn.Module) -> list[nn.Parameter]:
    """The parameters that modules name in a tuple `undecayed`: position tables, factors of channels and the like."""
    return [getattr(module, name) for module in model.modules() for name in getattr(module, "undecayed", ())]


def _spared(parameters: Sequence[nn.Parameter], named: Iterable[nn.Parameter]) -> list[dict[str, Any]]:
    """Groups of parameters; those with fewer than two axes, and those of `named`, are without weight decay."""
    named_ids = set(map(id, named))
    spared = [is_vector(one) or id(one) in named_ids for one in parameters]
    groups: list[dict[str, Any]] = [
        {"params": [one for one, free in zip(parameters, spared, strict=True) if not free]},
        {"params": [one for one, free in zip(parameters, spared, strict=True) if free], "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]
