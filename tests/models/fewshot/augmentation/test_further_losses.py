"""Losses that a learner has besides the cross-entropy: they count in the choice of candidates and in the step."""

from typing import Any

import pytest
import torch
from torch import Tensor

from models.fewshot.augmentation.candidates import Augmented, Pool
from models.fewshot.augmentation.maxup import MetaMaxUp
from models.fewshot.augmentation.selection import losses_of_candidates
from tests.support.maxup import MIXED, NUMBERS, TASKS, drawn, episode, learner, step

HUGE = 100.0


def of_entry(pool: Pool, group: Augmented) -> Tensor:
    """A huge loss for entry 1, and a small one of each task's own."""
    own = torch.from_numpy(group.places).double() / 10
    extra = HUGE if pool[group.entry].name == MIXED[1] else 0
    return own[:, None] + extra + torch.zeros(group.episode.query_labels.shape[:2])


@pytest.mark.parametrize("at_once", [1, 4])
def test_losses_of_candidates_hold_them(at_once: int) -> None:
    plain = learner()
    candidates = drawn().of(episode(), NUMBERS)
    expected = losses_of_candidates(plain, candidates, at_once)
    expected = expected + torch.arange(TASKS).double()[:, None] / 10 + HUGE * torch.from_numpy(candidates.entries == 1)
    found = losses_of_candidates(plain._replace(further=of_entry), candidates, at_once)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("select", ["task", "slot"])
def test_the_worst_candidate_is_that_with_the_largest_sum(select: Any) -> None:
    draws = drawn(count=6)
    entries = draws.of(episode(), NUMBERS).entries
    has_it = (entries == 1).any(1)
    assert has_it.any()
    assert not has_it.all()
    plain = learner()
    result, gradients = step(MetaMaxUp(draws=draws, select=select), plain._replace(further=of_entry))
    assert result.metrics[f"chosen {MIXED[1]}"].item() == pytest.approx(has_it.mean())
    assert result.loss > HUGE * has_it.mean()
    assert all(one.isfinite().all() for one in gradients)
