"""Turned classes that meet their originals."""

import numpy as np
import pytest
import torch

from models.fewshot.augmentation.build import build_augmentation
from models.fewshot.augmentation.settings import AugmentationSettings
from models.fewshot.augmentation.soft_episode import soft_episode
from models.fewshot.augmentation.turned_episodes import TurnedEpisodes, turned_episodes
from models.fewshot.augmentation.turning import turned_by
from models.fewshot.episodes import Episodes, EpisodeShape
from tests.support.augmentation import PIXELS
from tests.support.fewshot import random_data

EPISODES = Episodes(random_data(), "train", EpisodeShape(4, 2, 2))
NUMBERS = range(300)


def built(text: str) -> TurnedEpisodes:
    found = turned_episodes(EPISODES, build_augmentation(AugmentationSettings(augment=text), PIXELS, 8, 0), 4)
    assert isinstance(found, TurnedEpisodes)
    return found


def classes_of(episodes: Episodes) -> np.ndarray:
    """(episodes, way); all images of a class are checked to be of it."""
    classes = episodes.indices(NUMBERS).numpy() // 20
    assert (classes == classes[:, :, :1]).all()
    return classes[:, :, 0]


def test_a_turned_class_may_meet_its_original_and_none_meets_itself() -> None:
    episodes = built("rotation:task")
    classes, turns = classes_of(episodes), episodes.turns(np.array(NUMBERS))
    pairs = [set(zip(of.tolist(), turned.tolist(), strict=True)) for of, turned in zip(classes, turns, strict=True)]
    assert all(len(one) == 4 for one in pairs)
    met = np.array([len(set(of.tolist())) < 4 for of in classes])
    assert 0.2 < met.mean() < 0.6  # of 7 classes, 4 are drawn, one of them turned on average
    assert not met[(turns == 0).all(1)].any()


def test_classes_that_do_not_turn_are_those_without_turns() -> None:
    episodes = built("cutmix:query+rotation:task")
    plain, classes, turns = classes_of(EPISODES), classes_of(episodes), episodes.turns(np.array(NUMBERS))
    assert np.array_equal(classes[turns == 0], plain[turns == 0])
    assert not np.array_equal(classes, plain)


def test_the_turns_are_those_of_the_augmentation() -> None:
    episodes = built("rotation:task")
    augmentation = build_augmentation(AugmentationSettings(augment="rotation:task"), PIXELS, 8, 0)
    numbers = np.arange(20)
    before = soft_episode(episodes.batch(numbers), 4, 4)
    (found,) = augmentation.draws.of(before, numbers).augmented(numbers, np.zeros_like(numbers))
    expected = turned_by(torch.from_numpy(episodes.turns(numbers)), before.support)
    assert torch.equal(found.episode.support, expected)


def test_one_candidate_of_a_pool_of_one_has_the_same_episodes() -> None:
    settings = AugmentationSettings(augment="maxup:rotation:task", m=1)
    pooled = turned_episodes(EPISODES, build_augmentation(settings, PIXELS, 8, 0), 4)
    assert torch.equal(pooled.indices(NUMBERS), built("rotation:task").indices(NUMBERS))


def test_spare_classes_do_not_turn() -> None:
    wide = Episodes(random_data(9), "train", EpisodeShape(8, 2, 2))
    settings = AugmentationSettings(augment="rotation:task+mixup:task")
    episodes = turned_episodes(wide, build_augmentation(settings, PIXELS, 8, 0), 4)
    assert episodes.indices(range(30)).shape == (30, 8, 4)
    assert np.array_equal(classes_of(episodes)[:, 4:], classes_of(wide)[:, 4:])


@pytest.mark.parametrize("text", ["cutmix:query", "none", "maxup:medium", "maxup:rotation:task"])
def test_other_augmentations_and_pools_leave_the_episodes_alone(text: str) -> None:
    augmentation = build_augmentation(AugmentationSettings(augment=text), PIXELS, 8, 0)
    assert turned_episodes(EPISODES, augmentation, 4) is EPISODES


def test_episodes_within_groups_stay_as_they_are_and_are_refused() -> None:
    grouped = Episodes(random_data(groups=("a",) * 7), "train", EpisodeShape(4, 2, 2), within=True)
    augmentation = build_augmentation(AugmentationSettings(augment="rotation:task"), PIXELS, 8, 0)
    assert turned_episodes(grouped, augmentation, 4) is grouped
    with pytest.raises(ValueError, match="episodes within groups have different classes"):
        TurnedEpisodes(grouped.data, "train", grouped.shape, within=True, turns=lambda numbers: numbers)
