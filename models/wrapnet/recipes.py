"""The optimizers and schedules that WrapNet is trained with (section 2.6.2.3), by name."""

from dataclasses import replace

from models.training.optimizers import OptimizerSettings
from models.wrapnet.settings import Recipe

RECIPES: dict[Recipe, OptimizerSettings] = {
    "cosine": OptimizerSettings(),
    "cifar": OptimizerSettings(schedule="steps", milestones=(0.3, 0.6, 0.9)),
    "imagenet": OptimizerSettings(
        optimizer="sgd", learning_rate=1e-2, weight_decay=1e-4, schedule="steps", milestones=(2 / 6, 4 / 6, 5 / 6)
    ),
}
"""cosine: Adam, the rate falls to 0 as a cosine. cifar: Adam, a tenth of the rate at 3, 6 and 9 tenths of the epochs
(60, 120 and 180 of 200). imagenet: SGD with momentum 0.9 and weight decay 1e-4, a tenth at 2, 4 and 5 sixths (20, 40
and 50 of 60)."""


def recipe(name: Recipe, learning_rate: float | None) -> OptimizerSettings:
    """The optimizer and schedule of that name; learning_rate: None for its own, 1e-3 with Adam and 1e-2 with SGD."""
    settings = RECIPES[name]
    return settings if learning_rate is None else replace(settings, learning_rate=learning_rate)
