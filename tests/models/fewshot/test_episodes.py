"""Episodes: functions of their number alone, uniform, with support and query apart."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from models.data.draws import distinct, key_of, uniform
from models.fewshot.class_images import ClassImages, FewShotData
from models.fewshot.episodes import Episodes, EpisodeShape
from tests.support.fewshot import random_classes, random_data

DRAWS = 100_000
LEAST = 1e-4  # probability of a fluctuation that is taken for a fault


def episodes(shape: EpisodeShape, data: FewShotData | None = None, **options: object) -> Episodes:
    return Episodes(data or random_data(), "test", shape, **options)  # type: ignore[arg-type]


@settings(deadline=None)
@given(st.integers(2, 7), st.integers(1, 10), st.integers(1, 10), st.integers(0, 2**40), st.booleans())
def test_classes_and_images_are_distinct(way: int, shot: int, query: int, first: int, within: bool) -> None:
    data = random_data(groups=("one",) * 7)
    drawn = episodes(EpisodeShape(way, shot, query), data, within=within).indices(range(first, first + 5))
    assert drawn.shape == (5, way, shot + query)
    for episode in drawn:
        classes = {int(image) // 20 for image in episode[:, 0]}
        assert len(classes) == way
        assert len(set(episode.flatten().tolist())) == way * (shot + query)
        assert all(len({int(image) // 20 for image in images}) == 1 for images in episode)


def test_an_episode_is_a_function_of_its_number_whatever_batch_it_is_in() -> None:
    drawn = episodes(EpisodeShape(5, 2, 3))
    whole = drawn.indices(range(1000))
    assert torch.equal(drawn.indices([731]), whole[731:732])
    assert torch.equal(drawn.indices([4, 999, 3]), whole[[4, 999, 3]])
    assert drawn.digest(1000) == episodes(EpisodeShape(5, 2, 3)).digest(1000)


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 1},
        {"split": "val"},
        {"within": True},
        {"shape": EpisodeShape(5, 2, 4)},
        {"shape": EpisodeShape(5, 3, 2)},
        {"shape": EpisodeShape(4, 2, 3)},
    ],
)
def test_whatever_an_episode_depends_on_changes_the_digest(other: dict[str, object]) -> None:
    drawn = episodes(EpisodeShape(5, 2, 3), random_data(groups=("one",) * 7))
    assert replace(drawn, **other).digest(100) != drawn.digest(100)  # type: ignore[arg-type]
    assert drawn.digest(100) != drawn.digest(101)


def test_one_other_pixel_of_the_data_changes_the_episodes() -> None:
    data = random_data()
    images = data.splits["test"].images.clone()
    images[0, 0, 0, 0] += 1
    other = FewShotData(data.name, dict(data.splits) | {"test": replace(data.splits["test"], images=images)})
    assert episodes(EpisodeShape(), other).digest(10) != episodes(EpisodeShape(), data).digest(10)


def test_a_copy_with_images_in_another_order_is_told_apart() -> None:
    data = random_data()
    order = torch.arange(len(data.splits["test"].images)).unflatten(0, (7, 20)).flip(1).flatten()
    classes = replace(data.splits["test"], images=data.splits["test"].images[order])
    other = FewShotData(data.name, dict(data.splits) | {"test": classes})
    assert other.digest == data.digest  # a set of images for each class
    assert episodes(EpisodeShape(), other).digest(10) != episodes(EpisodeShape(), data).digest(10)


@pytest.mark.parametrize("within", [False, True])
def test_classes_are_uniform_in_every_place(within: bool) -> None:
    groups = ("one", "two", "one", "two", "one", "two", "one")  # four and three classes
    drawn = episodes(EpisodeShape(3, 1, 1), random_data(groups=groups), within=within)
    classes = drawn.indices(range(DRAWS))[:, :, 0] // 20
    shares = np.array([1 / 8, 1 / 6] * 3 + [1 / 8]) if within else np.full(7, 1 / 7)
    for place in range(3):
        counts = torch.bincount(classes[:, place], minlength=7).numpy()
        assert chisquare(counts, shares * DRAWS).pvalue > LEAST
    pairs = torch.bincount(classes[:, 0] * 7 + classes[:, 1], minlength=49).view(7, 7).numpy()
    assert (pairs.diagonal() == 0).all()
    if not within:
        assert chisquare(pairs[~np.eye(7, dtype=bool)]).pvalue > LEAST


def test_images_are_uniform_in_every_place() -> None:
    drawn = episodes(EpisodeShape(2, 2, 3)).indices(range(DRAWS // 4)) % 20
    for place in range(5):
        assert chisquare(torch.bincount(drawn[:, :, place].flatten(), minlength=20).numpy()).pvalue > LEAST
    together = torch.bincount(drawn[:, 0, 0] * 20 + drawn[:, 0, 4], minlength=400).view(20, 20).numpy()
    assert chisquare(together[~np.eye(20, dtype=bool)]).pvalue > LEAST


def test_sorted_images_are_drawn_from_the_whole_class() -> None:
    """Support and queries are as bright, though the images of a class are sorted by brightness."""
    images = torch.arange(20, dtype=torch.uint8).repeat(7)[:, None, None, None].expand(-1, 3, 4, 4).clone()
    images[:, 0] += torch.arange(7, dtype=torch.uint8).repeat_interleave(20)[:, None, None]  # unequal classes
    names = tuple(f"sorted{index}" for index in range(7))
    data = random_data()
    sorted_data = FewShotData("sorted", dict(data.splits) | {"test": ClassImages(images, (20,) * 7, names)})
    drawn = episodes(EpisodeShape(4, 5, 5), sorted_data).batch(range(500))
    pixels = [part[:, :, 2] * sorted_data.std[2] + sorted_data.mean[2] for part in (drawn.support, drawn.query)]
    for part in pixels:
        assert part.mean().item() == pytest.approx(9.5, abs=0.2)
        assert set(part.round().int().flatten().tolist()) == set(range(20))


def test_episodes_streams_and_draws_are_independent() -> None:
    numbers = np.arange(DRAWS)
    key = key_of("a key")
    first = uniform(key, numbers, 0, 0)
    others = [uniform(key, numbers, 1, 0), uniform(key, numbers, 0, 1), uniform(key, numbers + 1, 0, 0)]
    others.append(uniform(key_of("another"), numbers, 0, 0))
    for other in others:
        assert abs(np.corrcoef(first, other)[0, 1]) < 5 / DRAWS**0.5
        cells = np.bincount((first * 8).astype(int) * 8 + (other * 8).astype(int), minlength=64)
        assert chisquare(cells).pvalue > LEAST


def test_all_orders_of_a_draw_without_replacement_are_equally_likely() -> None:
    drawn = distinct(key_of(), np.arange(DRAWS), 0, np.full(DRAWS, 4), 4)
    assert (np.sort(drawn, axis=1) == np.arange(4)).all()
    _, counts = np.unique(drawn, axis=0, return_counts=True)
    assert len(counts) == 24
    assert chisquare(counts).pvalue > LEAST


def test_a_batch_holds_the_normalised_images_and_their_labels() -> None:
    data = random_data()
    drawn = episodes(EpisodeShape(3, 2, 4), data)
    episode = drawn.batch([5, 6])
    assert episode.support.shape == (2, 6, 3, 4, 4)
    assert episode.query.shape == (2, 12, 3, 4, 4)
    assert episode.support_labels.tolist() == [[0, 0, 1, 1, 2, 2]] * 2
    assert episode.query_labels.tolist() == [[0] * 4 + [1] * 4 + [2] * 4] * 2
    index = int(drawn.indices([6])[0, 1, 3])  # second query of the second class
    pixels = data.splits["test"].images[index].double()
    expected = (pixels - torch.tensor(data.mean).view(3, 1, 1)) / torch.tensor(data.std).view(3, 1, 1)
    assert torch.allclose(episode.query[1, 5].double(), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (EpisodeShape(8, 1, 1), "random images has 7 classes in test; 8 ways need as many"),
        (
            EpisodeShape(7, 5, 16),
            "class test0 of random images has 20 images in test; 5 shots and 16 queries need 21",
        ),
    ],
)
def test_too_few_classes_or_images_are_refused(shape: EpisodeShape, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        episodes(shape)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1, 1, 1), "way is 1; allowed is an integer of at least 2"),
        ((5, 0, 1), "shot is 0; allowed are 1 and more"),
        ((5, 1, -2), "query is -2; allowed are 1 and more"),
    ],
)
def test_impossible_shapes_are_refused(arguments: tuple[int, int, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        EpisodeShape(*arguments)


def test_the_class_with_too_few_images_is_named_and_groups_have_to_be_large_enough() -> None:
    splits = {"train": random_classes("a", (9, 9)), "test": random_classes("b", (9, 3, 9), groups=("x", "y", "x"))}
    data = FewShotData("uneven", splits)
    with pytest.raises(ValueError, match="class b1 of uneven has 3 images in test; 2 shots and 2 queries need 4"):
        episodes(EpisodeShape(2, 2, 2), data)
    with pytest.raises(ValueError, match="no group of uneven has 3 classes in test"):
        episodes(EpisodeShape(3, 1, 1), data, within=True)
    with pytest.raises(ValueError, match="uneven has no groups that the classes of an episode could come from"):
        Episodes(data, "train", EpisodeShape(2, 1, 1), within=True)
    with pytest.raises(ValueError, match="uneven has no split 'val'; it has train, test"):
        Episodes(data, "val", EpisodeShape(2, 1, 1))
