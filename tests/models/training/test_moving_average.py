"""The moving average follows weights and statistics by hand-computed shares."""

import pytest
import torch
from torch import nn

from models.training.moving_average import MovingAverage


def test_weights_and_statistics_move_by_the_decay_that_early_steps_lower() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    average = MovingAverage(model, 0.9)
    expected = model[0].weight.detach().clone()
    assert not any(one.requires_grad for one in average.parameters())
    for step, kept in ((1, 2 / 11), (2, 3 / 12), (1000, 0.9)):
        model[0].weight.data.add_(1)
        model[1].num_batches_tracked.add_(1)
        average.follow(model, step)
        expected = kept * expected + (1 - kept) * model[0].weight.detach()
        assert torch.allclose(average.model[0].weight, expected)  # type: ignore[index, arg-type]
        assert average.model[1].num_batches_tracked == model[1].num_batches_tracked  # type: ignore[index]


@pytest.mark.parametrize("decay", [-0.1, 1.0])
def test_other_decays_are_refused(decay: float) -> None:
    with pytest.raises(ValueError, match="allowed are 0 to below 1"):
        MovingAverage(nn.Linear(1, 1), decay)
