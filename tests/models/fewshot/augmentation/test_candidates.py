"""Draws of candidates from a pool."""

import numpy as np
import pytest
import torch

from models.fewshot.augmentation.candidates import CandidateDraws
from models.fewshot.augmentation.combination import Combination
from tests.support.augmentation import OPTIONS
from tests.support.maxup import NUMBERS, TASKS, drawn, episode


def test_entries_are_drawn_for_each_task_or_for_a_batch() -> None:
    numbers = np.arange(20)
    own = CandidateDraws(pool=Combination.parse_pool("large", OPTIONS), count=4, tasks=5).of(episode(), numbers)
    assert len({tuple(row) for row in own.entries.tolist()}) > 15
    shared = CandidateDraws(pool=own.pool, count=4, tasks=5, draw_for="batch").of(episode(), numbers)
    assert [len({tuple(row) for row in batch}) for batch in shared.entries.reshape(4, 5, 4).tolist()] == [1, 1, 1, 1]
    assert len({tuple(row) for row in shared.entries.tolist()}) > 2


def test_entries_are_drawn_with_replacement_and_uniformly() -> None:
    many = (
        CandidateDraws(pool=Combination.parse_pool("medium", OPTIONS), count=4).of(episode(), np.arange(3000)).entries
    )
    counts = np.bincount(many.reshape(-1), minlength=6)
    assert np.abs(counts - 2000).max() < 5 * 2000**0.5
    assert np.mean([len(set(row)) < 4 for row in many.tolist()]) == pytest.approx(1 - 360 / 1296, abs=0.04)


def test_processes_that_share_a_batch_draw_the_same() -> None:
    whole = drawn().of(episode(), NUMBERS)
    for process in range(2):
        part = drawn().of(episode().of(torch.arange(process, TASKS, 2)), NUMBERS[process::2])
        assert np.array_equal(part.entries, whole.entries[process::2])
        found = part.augmented(np.arange(len(part.entries)), np.zeros(len(part.entries), dtype=np.int64))
        expected = whole.augmented(np.arange(TASKS), np.zeros(TASKS, dtype=np.int64))
        mine = {int(place): group.episode.query[at] for group in found for at, place in enumerate(group.places)}
        all_of_them = {
            int(place): group.episode.query[at] for group in expected for at, place in enumerate(group.places)
        }
        for place, images in mine.items():
            assert torch.equal(images, all_of_them[2 * place + process])
