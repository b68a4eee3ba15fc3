"""The linear layer against torch's own, trained by torch.optim.SGD."""

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import gradcheck

from models.fewshot.heads import linear_logits
from tests.support.episode_features import random_features


def trained_by_torch(query: Tensor, support: Tensor, labels: Tensor, ways: int, steps: int, **options: float) -> Tensor:
    scale = support.square().sum(1).mean().sqrt()
    layer = nn.Linear(support.shape[1], ways, dtype=support.dtype)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    optimizer = torch.optim.SGD(layer.parameters(), nesterov=options["momentum"] > 0, **options)
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.cross_entropy(layer(support / scale), labels).backward()
        optimizer.step()
    return layer(query / scale).detach()


@pytest.mark.parametrize("dimensions", [4, 64])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_it_follows_torchs_own(dimensions: int, momentum: float) -> None:
    given = random_features(ways=5, shots=3, dimensions=dimensions)
    options = {"momentum": momentum, "weight_decay": 0.01}
    found = linear_logits(given.query, given.support, given.labels, 5, steps=40, learning_rate=0.7, **options)
    for task in range(3):
        expected = trained_by_torch(
            given.query[task], given.support[task], given.labels[task], 5, steps=40, lr=0.7, **options
        )
        torch.testing.assert_close(found[task], expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_the_scale_of_the_features_does_not_matter(scale: float) -> None:
    given = random_features()
    found = linear_logits(scale * given.query, scale * given.support, given.labels, 4)
    torch.testing.assert_close(found, linear_logits(given.query, given.support, given.labels, 4))


def test_more_steps_lower_the_loss() -> None:
    given = random_features(tasks=1, ways=3, shots=5)
    losses = []
    for steps in (1, 10, 100, 1000):
        logits = linear_logits(given.support, given.support, given.labels, 3, steps=steps, weight_decay=0)
        losses.append(nn.functional.cross_entropy(logits[0], given.labels[0]).item())
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.01


def test_gradients() -> None:
    given = random_features(tasks=2, ways=3, shots=2, queries=2, dimensions=4)
    soft = torch.rand(2, 6, 3, dtype=torch.float64)

    def logits(query: Tensor, support: Tensor, soft: Tensor) -> Tensor:
        return linear_logits(query, support, soft.softmax(-1), 3, steps=12)

    assert gradcheck(logits, [each.requires_grad_() for each in (given.query, given.support, soft)])


def test_zero_features_stay_finite() -> None:
    given = random_features(ways=3)
    support = torch.zeros_like(given.support).requires_grad_()
    logits = linear_logits(given.query, support, given.labels, 3)
    logits.sum().backward()
    assert logits.isfinite().all()
    assert support.grad.isfinite().all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0}, "steps is 0; allowed is an integer of at least 1"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0; allowed is a positive number"),
        ({"momentum": 1.0}, "momentum is 1.0; allowed is 0 up to, but not including, 1"),
        ({"weight_decay": -0.1}, "weight_decay is -0.1; allowed is a number of at least 0"),
    ],
)
def test_options_out_of_range_are_named(options: dict[str, float], message: str) -> None:
    given = random_features()
    with pytest.raises(ValueError, match=message):
        linear_logits(given.query, given.support, given.labels, 4, **options)
