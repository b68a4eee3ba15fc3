"""Episodes whose support and queries are of different origins, such as designers."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from models.data.sources import digest_of
from models.fewshot.class_images import ClassImages, FewShotData
from models.fewshot.episodes import Episodes, EpisodeShape
from tests.support.fewshot import random_classes, random_data

MAKERS = ("ann", "bob", "cid", "dee")
LEAST = 1e-4  # probability of a fluctuation that is taken for a fault


def drawn_by_makers(*missing: tuple[int, int], groups: tuple[str, ...] = ()) -> FewShotData:
    """Seven classes with three images of each maker in turn, but for the images `missing`: (class, place in it)."""
    splits = {}
    for split in ("train", "test"):
        classes = random_classes(split, (12,) * 7, groups=groups)
        kept = [index for index in range(84) if divmod(index, 12) not in missing]
        counts = torch.bincount(classes.labels[kept], minlength=7).tolist()
        origins = tuple(MAKERS[index % 4] for index in kept)
        splits[split] = ClassImages(classes.images[kept], tuple(counts), classes.names, groups, origins)
    return FewShotData("drawn", splits)


def episodes(data: FewShotData, shape: EpisodeShape, *support_from: str, **options: object) -> Episodes:
    return Episodes(data, "test", shape, support_from=support_from, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(("within", "digest"), [(False, "ab9ec0da211ede57"), (True, "7747c53c9263331f")])
def test_episodes_of_any_origin_are_those_of_versions_that_knew_no_origins(within: bool, digest: str) -> None:
    data = random_data(groups=("one", "two", "one", "two", "one", "two", "one"))
    assert data.digest == "cf7cb90ddf5d8051"

    def drawn(data: FewShotData) -> str:
        indices = Episodes(data, "test", EpisodeShape(3, 2, 4), 5, within).indices(range(1000))
        return digest_of([data.digest.encode(), indices.numpy().tobytes()])

    assert drawn(data) == digest
    test = data.splits["test"]
    tagged = replace(data, splits={**data.splits, "test": replace(test, origins=("ann",) * len(test.images))})
    assert drawn(tagged) == digest


@settings(deadline=None)
@given(
    st.integers(2, 7),
    st.integers(1, 3),
    st.integers(1, 3),
    st.sets(st.sampled_from(MAKERS), min_size=1, max_size=3),
    st.integers(0, 2**40),
    st.booleans(),
)
def test_support_and_queries_are_of_different_origins(
    way: int, shot: int, query: int, support_from: set[str], first: int, within: bool
) -> None:
    data = drawn_by_makers(groups=("one",) * 7)
    found = episodes(data, EpisodeShape(way, shot, query), *support_from, within=within)
    drawn = found.indices(range(first, first + 5))
    origins = np.array(data.splits["test"].origins)[drawn.numpy()]
    assert set(origins[:, :, :shot].flatten()) <= support_from
    assert not set(origins[:, :, shot:].flatten()) & support_from
    for episode in drawn:
        assert len(set(episode.flatten().tolist())) == way * (shot + query)
        assert len({int(image) // 12 for image in episode[:, 0]}) == way
        assert all(len({int(image) // 12 for image in images}) == 1 for images in episode)


def test_an_episode_is_a_function_of_its_number_and_of_the_set_of_origins() -> None:
    data, shape = drawn_by_makers(), EpisodeShape(3, 2, 2)
    found = episodes(data, shape, "bob", "dee")
    assert torch.equal(found.indices([4, 731]), found.indices(range(1000))[[4, 731]])
    assert episodes(data, shape, "dee", "bob", "dee").digest(100) == found.digest(100)
    digests = {episodes(data, shape, *names).digest(100) for names in ((), ("bob",), ("bob", "dee"), ("ann", "cid"))}
    assert len(digests) == 4


def test_images_of_either_side_are_uniform_and_independent() -> None:
    drawn = episodes(drawn_by_makers(), EpisodeShape(2, 2, 2), "ann", "bob").indices(range(20_000)) % 12
    for place, sides in enumerate([(0, 1), (0, 1), (2, 3), (2, 3)]):
        counts = torch.bincount(drawn[:, :, place].flatten(), minlength=12).numpy()
        of_side = np.isin(np.arange(12) % 4, sides)
        assert not counts[~of_side].any()
        assert chisquare(counts[of_side]).pvalue > LEAST
    pairs = torch.bincount(drawn[:, 0, 0] * 12 + drawn[:, 0, 2], minlength=144)
    assert chisquare(pairs[pairs > 0].numpy()).pvalue > LEAST
    assert (pairs > 0).sum() == 36


def test_classes_without_enough_images_of_either_kind_are_left_out() -> None:
    # Class 2 lacks two of ann's three images, class 5 two of the nine others.
    data = drawn_by_makers((2, 0), (2, 4), (5, 1), (5, 2), groups=("one",) * 5 + ("two",) * 2)
    few = episodes(data, EpisodeShape(3, 2, 3), "ann")
    assert few.drawn.tolist() == [0, 1, 3, 4, 5, 6]
    labels = data.splits["test"].labels
    assert set(labels[few.indices(range(200))].flatten().tolist()) == {0, 1, 3, 4, 5, 6}
    within = replace(few, shape=EpisodeShape(4, 2, 3), within=True)
    assert set(labels[within.indices(range(200))].flatten().tolist()) == {0, 1, 3, 4}
    assert episodes(data, EpisodeShape(3, 1, 9), "ann").drawn.tolist() == [0, 1, 2, 3, 4, 6]
    with pytest.raises(
        ValueError, match="drawn has 0 classes in test with 4 shots and 1 queries of other origins; 2 ways need as many"
    ):
        episodes(data, EpisodeShape(2, 4, 1), "ann")
    with pytest.raises(ValueError, match="no group of drawn has 5 classes in test"):
        replace(within, shape=EpisodeShape(5, 2, 3))


def test_impossible_origins_are_named() -> None:
    with pytest.raises(ValueError, match="drawn in test has no image from eve; its images are from ann, bob, cid, dee"):
        episodes(drawn_by_makers(), EpisodeShape(2, 1, 1), "ann", "eve")
    with pytest.raises(ValueError, match="support from ann, bob, cid, dee leaves no image of drawn in test for"):
        episodes(drawn_by_makers(), EpisodeShape(2, 1, 1), *MAKERS)
    with pytest.raises(ValueError, match="random images in test does not tell its images' origins"):
        episodes(random_data(), EpisodeShape(2, 1, 1), "ann")


def test_chosen_classes_keep_their_origins() -> None:
    whole = drawn_by_makers((1, 0)).splits["test"]
    kept = whole.select([False, True, False, True, False, False, False])
    assert kept.names == ("test1", "test3")
    assert kept.origins == whole.origins[12:23] + whole.origins[35:47]
    assert torch.equal(kept.images, torch.cat([whole.images[12:23], whole.images[35:47]]))
    with pytest.raises(ValueError, match="there are 22 origins for 23 images"):
        replace(kept, origins=kept.origins[1:])
