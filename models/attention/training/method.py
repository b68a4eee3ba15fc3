"""What the trainings of all tasks share: one network, AdamW by step, a moving average."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from models.attention.training.config import LsaConfig
from models.training.method import Method
from models.training.moving_average import MovingAverage
from models.training.optimizers import OptimizerSettings
from models.training.shared_batch_norm import share_batch_norms

_FALLS = (8 / 12, 11 / 12)
"""Parts of the training after which the schedule `steps` divides the learning rate by ten (4.6.3)."""


class LsaTraining(Method):
    """A network in training.

    steps: of the whole training. facts: what follows from settings and data, as plain JSON values; a run keeps them in
    config.json, and its network is built from settings and facts again. processes: that train together; their batch
    norms share statistics, so that results do not depend on the number.
    """

    def __init__(
        self, config: LsaConfig, network: nn.Module, steps: int, facts: Mapping[str, Any], processes: int = 1
    ) -> None:
        self.config = config
        self.network = network if processes == 1 else share_batch_norms(network)
        self.steps = steps
        self.facts = facts
        self.models: Mapping[str, nn.Module] = {"network": self.network}
        self.average = None if config.average is None else MovingAverage(self.network, config.average)
        if self.average is not None:
            self.models = {**self.models, "average": self.average}
        self.optimizers = {"network": optimizer_settings(config, steps).build(self.network, steps)}

    @property
    def kept(self) -> nn.Module:
        """The network that a run keeps and evaluates: the average, if there is one."""
        return self.network if self.average is None else self.average.model

    def initialise(self, weights: Mapping[str, Tensor], classes: tuple[str, ...] | None) -> None:
        """Takes up the weights of a trained backbone with its head. classes: that the head tells apart, if known.

        Raises ValueError if they are of another variant.
        """
        self._load(weights, classes)
        if self.average is not None:
            self.average.model.load_state_dict(self.network.state_dict())

    @abstractmethod
    def _load(self, weights: Mapping[str, Tensor], classes: tuple[str, ...] | None) -> None:
        """Loads a backbone's weights into the network."""

    def use(self, device: torch.device) -> None:
        """Moves the data to the device, if it belongs there."""

    def after_step(self, step: int) -> None:
        """Moves the average."""
        if self.average is not None:
            self.average.follow(self.network, step)


def optimizer_settings(config: LsaConfig, steps: int) -> OptimizerSettings:
    """AdamW over so many steps; norms, biases, layer scales and position tables are without weight decay."""
    warmup = config.warmup_of(steps)
    rest = max(1, steps - warmup)
    return OptimizerSettings(
        optimizer="adamw",
        learning_rate=config.used_learning_rate,
        weight_decay=config.used_weight_decay,
        decay_vectors=False,
        schedule=config.used_schedule,
        milestones=tuple((steps * fall - warmup) / rest for fall in _FALLS if steps * fall > warmup),
        warmup=warmup,
        every="step",
    )


def epoch_batches(images: int, batch_size: int, least: int) -> int:
    """Batches of an epoch that are trained on: of `least` images or more, and of one image only if there is no other.

    Raises ValueError if there is none.
    """
    if images > 1:
        least = max(2, least)
    whole, rest = divmod(images, batch_size)
    found = whole * (batch_size >= least) + (rest >= least)
    if not found:
        raise ValueError(f"{images} images in batches of {batch_size} leave no batch of {least} or more")
    return found


def smallest_batch(processes: int) -> int:
    """Images of the smallest batch that processes share as `Method.share` does."""
    return 1 if processes == 1 else 2 * processes


def steps_of(config: LsaConfig, batches: int) -> int:
    """Steps of a training whose epochs have so many batches."""
    if config.steps is not None:
        return config.steps
    return (config.used_epochs or 0) * -(-batches // config.accumulate)
