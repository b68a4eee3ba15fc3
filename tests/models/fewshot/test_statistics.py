"""Means and their uncertainty: against numpy, and by how often they hold the truth in simulated evaluations."""

import numpy as np
import pytest
import torch

from models.fewshot.statistics import estimate, paired_difference


def simulated_accuracies(evaluations: int, episodes: int, seed: int) -> torch.Tensor:
    """(evaluations, episodes) of 75 queries each; every episode is of its own difficulty, 0.6 right on average."""
    random = np.random.default_rng(seed)
    difficulty = random.beta(6, 4, size=(evaluations, episodes))
    return torch.from_numpy(random.binomial(75, difficulty) / 75)


def test_it_equals_numpy() -> None:
    values = simulated_accuracies(1, 600, 0)[0]
    found = estimate(values)
    error = np.std(values.numpy(), ddof=1) / np.sqrt(600)
    assert found.mean == pytest.approx(values.numpy().mean(), rel=1e-14)
    assert found.standard_error == pytest.approx(error, rel=1e-12)
    assert found.interval == pytest.approx((found.mean - 1.959964 * error, found.mean + 1.959964 * error), rel=1e-6)
    assert found.count == 600


def test_intervals_hold_the_true_mean_as_often_as_they_say() -> None:
    found = [estimate(values) for values in simulated_accuracies(1000, 300, 1)]
    within_95 = np.mean([each.interval[0] <= 0.6 <= each.interval[1] for each in found])
    within_1 = np.mean([abs(each.mean - 0.6) <= each.standard_error for each in found])
    assert 0.93 <= within_95 <= 0.97
    assert 0.66 <= within_1 <= 0.71


def test_the_paired_difference_holds_the_true_one_and_is_sharper() -> None:
    random = np.random.default_rng(2)
    hits = 0
    for _ in range(1000):
        difficulty = random.beta(6, 4, size=300)
        one = torch.from_numpy(random.binomial(75, 0.9 * difficulty + 0.1) / 75)
        other = torch.from_numpy(random.binomial(75, difficulty) / 75)
        difference = paired_difference(one, other)
        low, high = difference.interval
        hits += low <= 0.04 <= high
    assert 930 <= hits <= 970
    unpaired = np.hypot(estimate(one).standard_error, estimate(other).standard_error)
    assert difference.standard_error < 0.6 * unpaired
    assert difference.mean == pytest.approx(estimate(one).mean - estimate(other).mean, abs=1e-12)


def test_equal_runs_do_not_differ() -> None:
    values = simulated_accuracies(1, 50, 3)[0].float()
    difference = paired_difference(values, values)
    assert (difference.mean, difference.standard_error) == (0, 0)


def test_values_without_an_uncertainty_are_named() -> None:
    with pytest.raises(ValueError, match=r"values are \(1,\); allowed is \(n,\), n at least 2"):
        estimate(torch.ones(1))
    with pytest.raises(ValueError, match="value 2 is not finite"):
        estimate(torch.tensor([0.5, 0.6, float("nan")]))
    with pytest.raises(ValueError, match=r"runs have values \(5,\), \(4,\); pairs need the same ones"):
        paired_difference(torch.ones(5), torch.ones(4))
