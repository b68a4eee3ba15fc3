"""What the settings of a few-shot run stand for: optimizer and schedule, adaptation to a task."""

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from models.fewshot.adaptive import Adaptation, AdaptiveLearner
from models.fewshot.config import FewShotConfig
from models.fewshot.settings import ScheduleName
from models.training.optimizers import OptimizerSettings

_NESTEROV = OptimizerSettings(optimizer="sgd", learning_rate=0.1, nesterov=True, weight_decay=5e-4, schedule="steps")

SCHEDULES: Mapping[ScheduleName, OptimizerSettings] = {
    "cosine": OptimizerSettings(learning_rate=1e-3),
    "steps": replace(_NESTEROV, milestones=(1 / 3, 1 / 2, 2 / 3, 5 / 6)),
    "drops": replace(_NESTEROV, milestones=(1 / 3, 2 / 3, 5 / 6), shares=(0.06, 0.012, 0.0024)),
}
"""steps: the recipe of dissertation 5.7.2, with the weight decay of the authors' code (the text has 1e-4). drops: that
of 6.6.3."""

_META_STEP = OptimizerSettings(optimizer="sgd", learning_rate=1.0, momentum=0.0)  # of Reptile


def optimizer_settings(config: FewShotConfig) -> OptimizerSettings:
    """The optimizer and the schedule of a run."""
    settings = _META_STEP if config.learner == "reptile" else SCHEDULES[config.schedule]
    return settings if config.learning_rate is None else replace(settings, learning_rate=config.learning_rate)


def adaptation_of(config: FewShotConfig, steps: int) -> Adaptation:
    """The adaptation that a configuration asks for; MAML's first-order one for encoders that are trained otherwise."""
    return Adaptation(
        learner=cast(AdaptiveLearner, config.learner if config.is_fine_tuned else "fomaml"),
        steps=steps,
        learning_rate=config.fine_tuning_rate,
        batch=config.inner_batch,
        clustering=config.weight_clustering,
        chunk=config.chunk,
    )
