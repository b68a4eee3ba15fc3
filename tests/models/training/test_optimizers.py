"""Optimizers and schedules: the rate of every period, by hand."""

from typing import Any

import pytest
import torch
from torch import nn

from models.training.optimizers import OptimizerSettings


def rates(settings: OptimizerSettings, periods: int) -> list[float]:
    scheduled = settings.build([nn.Parameter(torch.ones(1))], periods)
    seen = []
    for _ in range(periods):
        seen.append(scheduled.optimizer.param_groups[0]["lr"])
        scheduled.optimizer.step()
        scheduled.scheduler.step()
    return seen


def test_steps_divide_the_rate_by_ten_at_each_fraction() -> None:
    settings = OptimizerSettings(schedule="steps", milestones=(0.3, 0.6, 0.9))
    assert rates(settings, 200) == pytest.approx([1e-3] * 60 + [1e-4] * 60 + [1e-5] * 60 + [1e-6] * 20)


def test_steps_fall_to_given_shares_of_the_first_rate() -> None:
    settings = OptimizerSettings(
        learning_rate=0.1, schedule="steps", milestones=(1 / 3, 2 / 3, 5 / 6), shares=(0.06, 0.012, 0.0024)
    )
    assert rates(settings, 60) == pytest.approx([0.1] * 20 + [0.006] * 20 + [0.0012] * 10 + [0.00024] * 10)
    assert rates(settings, 1) == [0.1]


def test_a_cosine_starts_at_the_given_rate_and_nears_0() -> None:
    seen = rates(OptimizerSettings(learning_rate=0.5), 10)
    assert seen[0] == 0.5
    assert seen == sorted(seen, reverse=True)
    assert 0 < seen[-1] < 0.02


def test_a_warm_up_rises_to_the_rate_at_which_the_schedule_starts() -> None:
    seen = rates(OptimizerSettings(learning_rate=0.5, warmup=4, schedule="constant"), 8)
    assert seen[:5] == sorted(seen[:5])
    assert seen[0] < 0.01
    assert seen[4:] == pytest.approx([0.5] * 4)
    cosine = rates(OptimizerSettings(learning_rate=0.5, warmup=4), 14)
    assert cosine[4] == pytest.approx(0.5)
    assert 0 < cosine[-1] < 0.02


@pytest.mark.parametrize("schedule", ["steps", "cosine", "constant"])
@pytest.mark.parametrize("periods", [1, 2, 3, 5])
def test_a_short_stage_starts_at_the_given_rate_too(schedule: Any, periods: int) -> None:
    seen = rates(OptimizerSettings(learning_rate=0.5, schedule=schedule, milestones=(0.3, 0.6, 0.9)), periods)
    assert seen[0] == 0.5
    assert seen == sorted(seen, reverse=True)


def test_optimizers_get_their_settings() -> None:
    parameter = nn.Parameter(torch.ones(1))
    sgd = OptimizerSettings(optimizer="sgd", momentum=0.8, weight_decay=1e-4).build([parameter], 3).optimizer
    assert isinstance(sgd, torch.optim.SGD)
    assert (sgd.defaults["momentum"], sgd.defaults["weight_decay"]) == (0.8, 1e-4)
    assert isinstance(OptimizerSettings(optimizer="adamw").build([parameter], 3).optimizer, torch.optim.AdamW)
    assert type(OptimizerSettings().build([parameter], 3).optimizer) is torch.optim.Adam


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning_rate": 0.0}, "learning_rate is 0.0; allowed is a number above 0"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"weight_decay": -1.0}, "weight_decay is -1.0; allowed are 0 to 1"),
        ({"warmup": -1}, "warmup is -1; allowed are 0 and more periods"),
        ({"milestones": (0.5,), "shares": (0.1, 0.2)}, "allowed is one for each of 1 milestones"),
        ({"milestones": (0.5, 1.0)}, "allowed are fractions between 0 and 1"),
    ],
)
def test_impossible_settings_are_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        OptimizerSettings(**settings)


def test_a_warm_up_as_long_as_the_stage_is_refused() -> None:
    with pytest.raises(ValueError, match="warmup is 5; it has to be shorter than the 5 periods"):
        OptimizerSettings(warmup=5).build([nn.Parameter(torch.ones(1))], 5)
