"""Draws of augmentations as functions of key, task and name."""

import numpy as np
import pytest
import torch

from models.data.draws import key_of
from models.fewshot.augmentation.draws import TaskDraws
from tests.support.augmentation import draws_for


def test_a_task_has_the_same_draws_in_any_batch() -> None:
    whole = draws_for(6)
    parts = [whole.of(np.arange(first, 6, 2)) for first in range(2)]
    for draw in ("uniform", "between"):
        arguments = ("name", 2, 3) if draw == "uniform" else ("name", -1.0, 2.0, 2, 3)
        together = getattr(whole, draw)(*arguments)
        for first, part in enumerate(parts):
            assert torch.equal(getattr(part, draw)(*arguments), together[first::2])
    assert torch.equal(TaskDraws(whole.key, np.array([4])).order("o", 9)[0], whole.order("o", 9)[4])


def test_names_keys_and_tasks_give_other_draws() -> None:
    draws = draws_for(2)
    first = draws.uniform("first", 50)
    assert torch.equal(first, draws.uniform("first", 50))
    assert not torch.isclose(first, draws.uniform("second", 50)).any()
    assert not torch.isclose(first, draws.named("part").uniform("first", 50)).any()
    assert not torch.isclose(first[0], first[1]).any()
    assert not torch.isclose(first, draws_for(2, seed=1).uniform("first", 50)).any()


def test_draws_do_not_touch_the_generators_of_torch_and_numpy() -> None:
    states = torch.get_rng_state(), np.random.get_state()[1]
    draws_for(3).uniform("name", 100)
    assert torch.equal(states[0], torch.get_rng_state())
    assert np.array_equal(states[1], np.random.get_state()[1])


@pytest.mark.parametrize("concentration", [1, 2, 3])
def test_beta_has_its_first_four_moments(concentration: int) -> None:
    found = draws_for(400).beta("b", concentration, 500).flatten()
    reference = np.random.default_rng(0).beta(concentration, concentration, len(found))
    variance = 1 / (4 * (2 * concentration + 1))
    assert found.mean().item() == pytest.approx(0.5, abs=3e-3)
    assert found.var().item() == pytest.approx(variance, rel=0.02)
    for power in (3, 4):
        assert found.pow(power).mean().item() == pytest.approx((reference**power).mean(), rel=0.02)


def test_permutations_hold_every_place_once_and_are_uniform() -> None:
    orders = draws_for(6000).order("o", 4)
    assert torch.equal(orders.sort(1).values, torch.arange(4).expand(6000, -1))
    counts = torch.stack([torch.bincount(orders[:, place], minlength=4) for place in range(4)])
    assert (counts - 1500).abs().max() < 5 * 1500**0.5


def test_integers_are_below_their_limits_and_reach_them() -> None:
    limits = torch.tensor([1, 3, 7])
    found = draws_for(500).below("n", limits, 3)
    assert found.amax(0).tolist() == [0, 2, 6]
    assert found.amin(0).tolist() == [0, 0, 0]


def test_keys_do_not_depend_on_how_numpy_prints_numbers() -> None:
    assert draws_for(1).named("x").key == key_of(int(draws_for(1).key), "x")
