"""Updates as integers."""

import math

import pytest
import torch

from models.federated.client import Update
from models.federated.secure.fixed_point import TOTALS, FixedPoint


def update(seed: int, examples: int, norm: float) -> Update:
    drawn = torch.randn(40, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return Update({"a": drawn * norm / drawn.norm()}, examples, 2.5 + seed)


def test_the_mean_of_integers_is_that_of_updates() -> None:
    code = FixedPoint(clients=4, examples=8, norm=3.0)
    updates = [update(seed, examples, norm) for seed, (examples, norm) in enumerate([(8, 3.0), (1, 0.1), (5, 2.0)])]
    moves = [0.5, 0.25, 1.0]
    coded = [code.encoded(one, moved) for one, moved in zip(updates, moves, strict=True)]
    found, moved = code.decoded({name: sum(one[name] for one in coded) for name in coded[0]})  # type: ignore[misc]
    weights = torch.tensor([8.0, 1.0, 5.0], dtype=torch.float64) / 14
    expected = sum(weight * one.gradients["a"] for weight, one in zip(weights, updates, strict=True))
    assert found.examples == 14
    assert isinstance(expected, torch.Tensor)
    assert (found.gradients["a"] - expected).abs().max() <= 3 * 0.5 * code.step / 14
    assert math.isclose(found.loss, (8 * 2.5 + 3.5 + 5 * 4.5) / 14, abs_tol=1e-4)
    assert math.isclose(moved, (8 * 0.5 + 0.25 + 5) / 14, abs_tol=1e-6)


def test_the_largest_sum_does_not_wrap() -> None:
    code = FixedPoint(clients=7, examples=3, norm=0.5)
    largest = Update({"a": torch.tensor([0.5, -0.5])}, 3, math.inf)
    coded = code.encoded(largest, 1.0)
    found, moved = code.decoded({name: 7 * one for name, one in coded.items()})
    assert found.gradients["a"].tolist() == pytest.approx([0.5, -0.5], rel=1e-8)
    assert (found.examples, found.loss, moved) == (21, pytest.approx(1e4), pytest.approx(1))
    assert all(one.long().mul(7).abs().max() < 2**31 for one in coded.values())


def test_a_sum_of_nothing_is_nothing() -> None:
    code = FixedPoint(clients=3, examples=1, norm=1.0)
    found, moved = code.decoded({"a": torch.zeros(2).int(), TOTALS: torch.zeros(3).int()})
    assert (found.examples, found.loss, moved, found.gradients["a"].tolist()) == (0, 0.0, 0.0, [0.0, 0.0])


def test_more_examples_than_integers_count_are_refused() -> None:
    with pytest.raises(ValueError, match="65536 clients with 32768 utterances each are too many for one sum"):
        FixedPoint(clients=2**16, examples=2**15, norm=1.0)
