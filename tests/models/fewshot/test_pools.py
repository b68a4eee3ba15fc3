"""Pools of images and tasks: fixed, as large as asked for, and nothing else changed."""

from dataclasses import replace
from math import comb
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from models.data.draws import key_of
from models.fewshot.augmentation.build import build_augmentation
from models.fewshot.augmentation.settings import AugmentationSettings
from models.fewshot.augmentation.turned_episodes import TurnedEpisodes, turned_episodes
from models.fewshot.class_images import FewShotData
from models.fewshot.episodes import Episodes, EpisodeShape
from models.fewshot.pools.episodes import PooledEpisodes
from models.fewshot.pools.settings import PoolSettings
from models.fewshot.pools.tasks import fixed_tasks
from tests.support.augmentation import PIXELS
from tests.support.fewshot import random_classes, random_data

CLASSES, IMAGES = 7, 20
DATA = random_data(CLASSES, IMAGES)
SHAPE = EpisodeShape(3, 2, 3)
NUMBERS = range(2000)
LEAST = 1e-4  # probability of a fluctuation that is taken for a fault


def pooled(shape: EpisodeShape = SHAPE, seed: int = 0, **pools: Any) -> PooledEpisodes:
    return PooledEpisodes(DATA, "train", shape, seed, pools=PoolSettings(**pools))


def sides(episodes: Episodes) -> tuple[np.ndarray, np.ndarray]:
    """Support and query images of each class and episode: (episodes, way, shot), (episodes, way, query)."""
    drawn = episodes.indices(NUMBERS).numpy()
    classes = drawn // IMAGES
    assert (classes == classes[:, :, :1]).all()
    return drawn[:, :, : episodes.shape.shot], drawn[:, :, episodes.shape.shot :]


def by_class(images: np.ndarray) -> list[set[int]]:
    return [{int(image) for image in np.unique(images) if image // IMAGES == one} for one in range(CLASSES)]


def test_without_pools_the_episodes_are_the_plain_ones() -> None:
    plain = Episodes(DATA, "train", SHAPE)
    assert torch.equal(pooled().indices(NUMBERS), plain.indices(NUMBERS))
    assert all(map(torch.equal, pooled().batch(range(3)), plain.batch(range(3))))


@pytest.mark.parametrize(
    ("pools", "support", "query"),
    [
        ({"support_pool": 5}, 5, IMAGES),
        ({"query_pool": 4}, IMAGES, 4),
        ({"support_pool": 2, "query_pool": 3}, 2, 3),
        ({"support_pool": IMAGES}, IMAGES, IMAGES),
    ],
)
def test_each_side_draws_from_all_of_its_pool_and_from_nothing_else(
    pools: dict[str, int], support: int, query: int
) -> None:
    drawn = sides(pooled(**pools))
    for images, size in zip(drawn, (support, query), strict=True):
        assert [len(one) for one in by_class(images)] == [size] * CLASSES
    plain = Episodes(DATA, "train", SHAPE).indices(NUMBERS).numpy()
    assert np.array_equal(drawn[0][:, :, 0] // IMAGES, plain[:, :, 0] // IMAGES)  # the classes are those without pools
    if len(pools) > 1:
        assert not np.intersect1d(*drawn).size


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 6), st.integers(0, 6), st.integers(0, 2**40))
def test_no_image_is_twice_in_an_episode(shot: int, query: int, more: int, others: int, first: int) -> None:
    pools = {"support_pool": shot + more, "query_pool": query + others}
    for chosen in (("support_pool",), ("query_pool",), tuple(pools)):
        episodes = pooled(EpisodeShape(3, shot, query), **{name: pools[name] for name in chosen})
        for episode in episodes.indices(range(first, first + 4)):
            assert len(set(episode.flatten().tolist())) == 3 * (shot + query)


def test_images_of_a_pool_are_drawn_alike_and_so_are_the_other_ones() -> None:
    support, query = sides(pooled(support_pool=5))
    counts = np.bincount(support.flatten() % IMAGES + support.flatten() // IMAGES * IMAGES, minlength=CLASSES * IMAGES)
    for one in range(CLASSES):
        found = counts[one * IMAGES : (one + 1) * IMAGES]
        assert chisquare(found[found > 0]).pvalue > LEAST
    in_pool = np.isin(query, support)
    assert in_pool.mean() == pytest.approx((5 - 2) / (IMAGES - 2), abs=0.01)  # two of the five are the support


def test_an_episode_is_a_function_of_its_number() -> None:
    for pools in ({"support_pool": 5}, {"query_pool": 5}, {"task_pool": 4}):
        episodes = pooled(**pools)
        whole = episodes.indices(NUMBERS)
        assert torch.equal(episodes.indices([731]), whole[731:732])
        assert torch.equal(pooled(**pools).indices([4, 999, 3]), whole[[4, 999, 3]])


def test_a_pool_holds_the_smaller_ones_whatever_the_episodes_shape_and_changes_with_the_seed() -> None:
    five, other_shape, six, other_seed = (
        by_class(sides(episodes)[0])
        for episodes in (
            pooled(support_pool=5),
            pooled(EpisodeShape(5, 4, 1), support_pool=5),
            pooled(support_pool=6),
            pooled(seed=1, support_pool=5),
        )
    )
    assert five == other_shape
    assert all(small < large for small, large in zip(five, six, strict=True))
    assert five != other_seed


def test_noise_stands_for_each_image_of_the_support_pool_and_is_always_the_same() -> None:
    real, noisy = pooled(support_pool=5), pooled(support_pool=5, support_noise=True)
    images = real.indices(range(200))[:, :, :2].flatten(1)
    plain, changed = real.batch(range(200)), noisy.batch(range(200))
    assert torch.equal(plain.query, changed.query)
    seen: dict[int, bytes] = {}
    for image, pixels in zip(images.flatten().tolist(), changed.support.flatten(0, 1), strict=True):
        content = pixels.numpy().tobytes()
        assert seen.setdefault(image, content) == content
    assert len(set(seen.values())) == len(seen) == CLASSES * 5
    real_pixels = {DATA.normalise(one[None]).numpy().tobytes() for one in DATA.split("train").images}
    assert not real_pixels & set(seen.values())
    levels = changed.support * torch.tensor(DATA.std).view(3, 1, 1) + torch.tensor(DATA.mean).view(3, 1, 1)
    assert levels.min() > -0.5
    assert levels.max() < 255.5
    assert torch.equal(noisy.batch([7]).support[0], changed.support[7])


@pytest.mark.parametrize(("classes", "way", "tasks"), [(64, 5, 13), (64, 5, 40), (10, 5, 2), (7, 3, 3), (5, 5, 1)])
def test_fixed_tasks_are_different_and_use_all_classes(classes: int, way: int, tasks: int) -> None:
    found = fixed_tasks(key_of("tasks"), classes, way, tasks)
    assert found.shape == (tasks, way)
    assert all(len(set(task.tolist())) == way for task in found)
    assert len({frozenset(task.tolist()) for task in found}) == tasks
    least = -(-classes // way)
    full = found[: classes // way].flatten().tolist()
    assert len(set(full)) == len(full)
    assert set(found[:least].flatten().tolist()) == set(range(classes))


def test_every_set_of_classes_can_be_a_fixed_task() -> None:
    found = fixed_tasks(key_of("all"), 6, 3, comb(6, 3))
    assert len({frozenset(task.tolist()) for task in found}) == 20


def test_episodes_are_of_the_fixed_tasks_each_as_often_with_labels_in_any_order() -> None:
    episodes = pooled(task_pool=4)
    classes = sides(episodes)[0][:, :, 0] // IMAGES
    assert episodes.tasks is not None
    tasks = [frozenset(task.tolist()) for task in episodes.tasks]
    counts = [sum(frozenset(one.tolist()) == task for one in classes) for task in tasks]
    assert sum(counts) == len(NUMBERS)
    assert chisquare(counts).pvalue > LEAST
    first = classes[[frozenset(one.tolist()) == tasks[0] for one in classes]]
    orders = np.unique(first, axis=0, return_counts=True)[1]
    assert len(orders) == 6
    assert chisquare(orders).pvalue > LEAST
    names = DATA.split("train").names
    assert episodes.task_names == [[names[one] for one in task] for task in episodes.tasks]


def test_turned_classes_keep_the_pools_of_images_and_fixed_tasks_stay() -> None:
    augmentation = build_augmentation(AugmentationSettings(augment="rotation:task"), PIXELS, 8, 0)
    turned = turned_episodes(pooled(support_pool=5), augmentation, 3)
    assert isinstance(turned, TurnedEpisodes)
    assert by_class(sides(turned)[0]) == by_class(sides(pooled(support_pool=5))[0])
    fixed = pooled(task_pool=4)
    assert turned_episodes(fixed, augmentation, 3) is fixed


@pytest.mark.parametrize(
    ("pools", "message"),
    [
        ({"support_pool": 1}, "support_pool is 1; 2 shots of each class need at least 2"),
        ({"query_pool": 2}, "query_pool is 2; 3 queries of each class need at least 3"),
        ({"query_pool": 0}, "query_pool is 0; 3 queries of each class need at least 3"),
        ({"support_noise": True}, "support_noise replaces the images of a support pool; it needs support_pool"),
        ({"support_pool": 21}, "take 21 images of each class; class train0 has 20"),
        ({"support_pool": 10, "query_pool": 11}, "take 21 images of each class; class train0 has 20"),
        ({"task_pool": 0}, "task_pool is 0; 7 classes to train on need at least 3 tasks of 3, so that all are used"),
        ({"task_pool": 2}, "task_pool is 2; 7 classes to train on need at least 3 tasks of 3, so that all are used"),
        ({"task_pool": 36}, "task_pool is 36; allowed are 3 to 35 tasks of 3 of 7 classes"),
        ({"train_on": "val"}, "train_on is 'val'; allowed are train, train"),
    ],
)
def test_impossible_pools_are_refused(pools: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pooled(**pools)


def test_pools_do_not_go_with_groups() -> None:
    splits = {name: random_classes(name, (20,) * 7, groups=("one",) * 7) for name in ("train", "test")}
    with pytest.raises(ValueError, match="pools of training data go with episodes of any classes"):
        replace(pooled(support_pool=5), data=FewShotData("grouped", splits), within=True)
