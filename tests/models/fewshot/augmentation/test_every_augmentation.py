"""What holds for every augmentation in every mode, and for the combinations that the published code gets wrong."""

import numpy as np
import pytest
import torch

from models.fewshot.augmentation.combination import Combination
from models.fewshot.augmentation.names import POOLS
from models.fewshot.augmentation.registry import AugmentationOptions
from models.fewshot.augmentation.soft_episode import SoftEpisode
from tests.support.augmentation import ALL, OPTIONS, PIXELS, combination, draws_for, random_episode

COMBINED = sorted({entry for pool in POOLS.values() for entry in pool if "+" in entry})


def tensors(episode: SoftEpisode) -> list[torch.Tensor]:
    return [*episode[:4], *(episode.spare or ())]


def applied(text: str, episode: SoftEpisode, first: int = 0) -> SoftEpisode:
    made, draws = combination(text), draws_for(len(episode.support), first=first)
    changed = made.of_images(episode, draws)
    if not made.mixes_features:
        return changed
    as_features = changed._replace(support=changed.support.flatten(3), query=changed.query.flatten(3))
    return made.of_features(as_features, draws)


@pytest.mark.parametrize("text", [*ALL, *COMBINED])
def test_inputs_are_not_written_to_and_labels_stay_distributions(text: str) -> None:
    episode = random_episode()
    before = [one.clone() for one in tensors(episode)]
    found = applied(text, episode)
    assert all(map(torch.equal, before, tensors(episode)))
    for images, labels in ((found.support, found.support_labels), (found.query, found.query_labels)):
        assert labels.shape == (3, images.shape[1] * images.shape[2], 4)
        assert labels.min() >= 0
        torch.testing.assert_close(labels.sum(2), torch.ones(labels.shape[:2]))
        assert images.isfinite().all()


@pytest.mark.parametrize("text", [*ALL, *COMBINED])
def test_only_its_side_changes(text: str) -> None:
    episode = random_episode(tasks=8)
    found = applied(text, episode)
    modes = {part.split(":")[1] for part in text.split("+")}
    of_features = "feature" in text
    if not modes & {"query", "task"}:
        assert torch.equal(found.query.flatten(3), episode.query.flatten(3))
        assert torch.equal(found.query_labels, episode.query_labels)
    if modes == {"query"}:
        assert torch.equal(found.support.flatten(3), episode.support.flatten(3))
        assert torch.equal(found.support_labels, episode.support_labels)
    assert combination(text).keeps_support == (modes == {"query"} or of_features)
    changed = found.support if modes & {"support", "task"} else found.query
    before = episode.support if modes & {"support", "task"} else episode.query
    assert modes == {"shot"} or not torch.equal(changed.flatten(3), before.flatten(3))


@pytest.mark.parametrize("text", ALL)
def test_a_task_is_augmented_alike_in_any_batch(text: str) -> None:
    episode = random_episode(tasks=4)
    whole = applied(text, episode)
    for task in range(4):
        alone = applied(text, episode.of(torch.tensor([task])), first=task)
        for one, other in zip(whole[:4], alone[:4], strict=True):
            torch.testing.assert_close(one[task : task + 1], other, rtol=0, atol=1e-6)


@pytest.mark.parametrize("text", ALL)
def test_labels_soften_only_where_an_augmentation_says_so(text: str) -> None:
    found, made = applied(text, random_episode(tasks=8)), combination(text)
    for mode, labels in (("support", found.support_labels), ("query", found.query_labels)):
        assert bool(((labels > 0) & (labels < 1)).any()) == made.softens(mode)


@pytest.mark.parametrize("text", ALL)
def test_float64_stays_float64(text: str) -> None:
    found = applied(text, random_episode(dtype=torch.float64))
    assert all(one.dtype == torch.float64 for one in found[:4])


def test_a_combination_of_none_returns_what_it_is_given() -> None:
    episode = random_episode()
    found = combination("none").of_images(episode, draws_for(3))
    assert all(one is other for one, other in zip(found[:4], episode[:4], strict=True))


def test_parts_of_a_combination_draw_alone_and_independently() -> None:
    episode, draws = random_episode(), draws_for(3)
    both = combination("random-erase:query+random-erase:support").of_images(episode, draws)
    alone = [combination(f"random-erase:{mode}").of_images(episode, draws) for mode in ("support", "query")]
    assert torch.equal(both.support, alone[0].support)
    assert torch.equal(both.query, alone[1].query)
    assert not torch.equal((both.support == 0)[:, :, :2], (both.query == 0)[:, :, :2])


def test_query_cutmix_with_support_self_mix_keeps_the_query_outside_the_box() -> None:
    """The published code leaves it black."""
    episode, draws = random_episode(), draws_for(3)
    found = combination("cutmix:query+self-mix:support").of_images(episode, draws)
    assert torch.equal(found.query, combination("cutmix:query").of_images(episode, draws).query)
    assert not (found.query == 0).any()


def test_query_self_mix_with_turned_classes_turns_support_and_query_alike() -> None:
    """The published code turns the support alone."""
    episode, draws = random_episode(tasks=20), draws_for(20)
    turned = combination("rotation:task").of_images(episode, draws)
    found = combination("self-mix:query+rotation:task").of_images(episode, draws)
    assert torch.equal(found.support, turned.support)
    expected = combination("self-mix:query").of_images(turned._replace(spare=None), draws)
    assert torch.equal(found.query, expected.query)
    assert not torch.equal(turned.query, episode.query)


def test_candidates_after_self_mix_see_the_images_as_they_were() -> None:
    """The published code writes into the batch."""
    options = AugmentationOptions(pixels=PIXELS)
    episode = random_episode()
    pool = Combination.parse_pool(["self-mix:query", "self-mix:support", "cutmix:query"], options)
    alone = [entry.of_images(random_episode(), draws_for(3)) for entry in pool]
    after = [entry.of_images(episode, draws_for(3)) for entry in pool]
    for one, other in zip(alone, after, strict=True):
        assert all(map(torch.equal, one[:4], other[:4]))


def test_overlapping_squares_of_self_mix_read_the_image_as_it_was() -> None:
    """The published code reads what it has just written. All pixels differ, so a copy of a copy would repeat one."""
    images = torch.arange(64, dtype=torch.float32).view(1, 1, 1, 1, 8, 8).expand(60, 1, 2, 3, 8, 8)
    episode = random_episode(tasks=60, way=2, shot=1, query=2)
    episode = episode._replace(query=images.repeat(1, 2, 1, 1, 1, 1))
    found = combination("self-mix:query", OPTIONS).of_images(episode, draws_for(60)).query
    for image in found[:, 0, 0, 0].flatten(1):
        values, counts = np.unique(image.numpy(), return_counts=True)
        assert counts.max() <= 2
        assert (counts == 2).sum() == 64 - len(values)
