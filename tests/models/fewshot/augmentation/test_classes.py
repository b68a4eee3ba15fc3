"""Augmentations of whole classes and of shots."""

import pytest
import torch

from models.fewshot.augmentation.registry import AugmentationOptions
from models.fewshot.augmentation.turning import turn_classes, turned_by
from tests.support.augmentation import PIXELS, combination, draws_for, numbered, random_episode, random_images


def turns_of(images: torch.Tensor, turned: torch.Tensor) -> torch.Tensor:
    """How often each image (tasks, way, n) was turned; every image has to be one of its own turns."""
    matches = torch.stack([(images.rot90(k, (-2, -1)) == turned).flatten(3).all(3) for k in range(4)])
    assert (matches.sum(0) == 1).all()
    return matches.long().argmax(0)


def test_support_and_queries_of_a_class_have_the_same_turn() -> None:
    episode = random_episode(tasks=30)
    turned = combination("rotation:task").of_images(episode, draws_for(30))
    support, query = turns_of(episode.support, turned.support), turns_of(episode.query, turned.query)
    assert torch.equal(support, support[:, :, :1].expand_as(support))
    assert torch.equal(query, support[:, :, :1].expand_as(query))
    assert set(support.flatten().tolist()) == {0, 1, 2, 3}
    assert torch.equal(turned.support_labels, episode.support_labels)


@pytest.mark.parametrize(("pool", "share"), [(False, 0.25), (True, 0.5)])
def test_a_class_turns_with_its_published_probability(pool: bool, share: float) -> None:
    options = AugmentationOptions(pixels=PIXELS)
    found = combination("rotation:task") if not pool else combination("none").parse_pool(["rotation:task"], options)[0]
    episode = random_episode(tasks=800, size=2, way=5, shot=1, query=1)
    turns = turns_of(episode.support, found.of_images(episode, draws_for(800)).support)
    counts = torch.bincount(turns.flatten(), minlength=4) / turns.numel()
    assert counts[0].item() == pytest.approx(1 - share, abs=0.03)
    assert counts[1:].tolist() == pytest.approx([share / 3] * 3, abs=0.02)


def test_a_turn_by_0_changes_no_bit_and_a_probability_of_0_neither() -> None:
    episode = random_episode()
    assert torch.equal(turned_by(torch.zeros(3, 4, dtype=torch.int64), episode.support), episode.support)
    assert torch.equal(turn_classes(episode, draws_for(3), 0).query, episode.query)


def test_images_that_are_not_square_are_not_turned() -> None:
    with pytest.raises(ValueError, match="images are 8 x 9; a rotation by 90 degrees allows square ones"):
        turned_by(torch.ones(1, 2, dtype=torch.int64), random_images(1, 2, 1, 3, 8, 9))


@pytest.mark.parametrize("name", ["random-erase", "drop-channel", "drop-channel-doubled"])
def test_task_augmentations_draw_once_a_class_for_support_and_queries(name: str) -> None:
    episode = random_episode(tasks=30)
    ones = episode._replace(support=torch.ones_like(episode.support), query=torch.ones_like(episode.query))
    found = combination(f"{name}:task").of_images(ones, draws_for(30))
    assert torch.equal(found.support, found.support[:, :, :1].expand_as(found.support))
    assert torch.equal(found.query, found.support[:, :, :1].expand_as(found.query))
    assert len({tuple(image.flatten().tolist()) for image in found.support[:, :, 0].flatten(0, 1)}) > 5


def sources(images: torch.Tensor) -> torch.Tensor:
    return images[..., 0, 0, 0].long()


@pytest.mark.parametrize("mode", ["support", "query", "task"])
def test_combined_classes_have_half_of_each(mode: str) -> None:
    """Images hold their number; those of spare classes are 100 further on."""
    episode = random_episode(tasks=200, way=3, shot=4, query=5, size=2)
    support, query = numbered(200, 3, 4, 2), numbered(200, 3, 5, 2)
    assert episode.spare is not None
    spare = type(episode.spare)(support + 100, query + 100)
    found = combination(f"combining-labels:{mode}").of_images(
        episode._replace(support=support, query=query, spare=spare), draws_for(200)
    )
    assert torch.equal(found.support_labels, episode.support_labels)
    for side, images, own in (("support", found.support, support), ("query", found.query, query)):
        numbers, before = sources(images), sources(own)
        assert torch.equal(numbers % 100, before)
        replaced = (numbers >= 100).sum(2)
        if mode not in (side, "task"):
            assert not replaced.any()
        elif side == "support":
            assert (replaced == 2).all()
        else:
            assert set(replaced.flatten().tolist()) == {2, 3}
            assert replaced.double().mean().item() == pytest.approx(2.5, abs=0.1)
            assert (numbers >= 100).double().mean((0, 1)).tolist() == pytest.approx([0.5] * 5, abs=0.08)


def test_one_shot_of_two_classes_is_of_either() -> None:
    episode = random_episode(tasks=200, way=3, shot=1, query=1, size=2)
    found = combination("combining-labels:support").of_images(episode, draws_for(200))
    changed = (found.support != episode.support).flatten(2).any(2)
    assert changed.double().mean().item() == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("name", ["flip", "crop", "rotation"])
@pytest.mark.parametrize("copies", [2, 3])
def test_shots_are_repeated_with_their_labels(name: str, copies: int) -> None:
    episode = random_episode()
    options = AugmentationOptions(pixels=PIXELS, copies=copies)
    made = combination(f"{name}:shot", options)
    found = made.of_images(episode, draws_for(3))
    copies = 2 if name == "flip" else copies
    assert made.copies == copies
    assert found.support.shape[:3] == (3, 4, 2 * copies)
    assert torch.equal(found.support[:, :, :2], episode.support)
    labels = torch.eye(4).repeat_interleave(2 * copies, 0).expand(3, -1, -1)
    assert torch.equal(found.support_labels, labels)
    assert torch.equal(found.query, episode.query)
    if name == "flip":
        assert torch.equal(found.support[:, :, 2:], episode.support.flip(-1))
    else:
        assert len({tuple(image.flatten().tolist()) for image in found.support.flatten(0, 2)}) == 3 * 4 * 2 * copies


def test_shots_of_a_mixed_support_keep_its_soft_labels() -> None:
    episode, draws = random_episode(), draws_for(3)
    mixed = combination("cutmix:support").of_images(episode, draws)
    found = combination("flip:shot+cutmix:support").of_images(episode, draws)
    by_class = found.support_labels.unflatten(1, (4, 4))
    assert torch.equal(by_class[:, :, :2].flatten(1, 2), mixed.support_labels)
    assert torch.equal(by_class[:, :, 2:].flatten(1, 2), mixed.support_labels)


@pytest.mark.parametrize(("copies", "turned", "message"), [(1, None, "copies is 1"), (2, 1.5, "turned is 1.5")])
def test_impossible_options_are_refused(copies: int, turned: float | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AugmentationOptions(pixels=PIXELS, copies=copies, turned=turned)
