"""CutMix and MixUp: images, and labels by counted pixels and weights."""

import pytest
import torch

from models.fewshot.augmentation.changes import Each
from models.fewshot.augmentation.cutmix import cut_mix
from models.fewshot.augmentation.mixup import mix_up, mixed_by
from models.fewshot.augmentation.registry import AugmentationOptions
from models.fewshot.augmentation.soft_episode import one_hot_labels
from tests.support.augmentation import PIXELS, combination, draws_for, numbered, random_episode, random_images


@pytest.mark.parametrize("each", ["task", "image"])
@pytest.mark.parametrize("size", [6, 9, 16])
def test_cutmix_shares_are_the_counted_pixels(each: Each, size: int) -> None:
    tasks, way, count = 5, 4, 3
    images = numbered(tasks, way, count, size)
    labels = one_hot_labels(images)
    mixed, found = cut_mix(images, labels, draws_for(tasks), each)
    for task in range(tasks):
        for image, pixels in enumerate(mixed[task].flatten(0, 1).flatten(1)):
            counted = torch.zeros(way)
            for source in pixels.long().tolist():
                counted[source // count] += 1
            torch.testing.assert_close(found[task, image], counted / size**2, rtol=0, atol=1e-7)


def test_cutmix_shares_of_1024_pixels_are_exact_and_sum_to_1() -> None:
    images = numbered(6, 5, 2, 32)
    mixed, found = cut_mix(images, one_hot_labels(images), draws_for(6), "task")
    sources = mixed.flatten(1, 2).flatten(2).long() // 2
    counted = torch.nn.functional.one_hot(sources, 5).sum(2) / 1024
    assert torch.equal(found, counted)
    assert (found.sum(2) == 1).all()


def test_cutmix_has_one_box_and_partner_for_a_task_unless_each_image_draws() -> None:
    images = numbered(8, 4, 3, 16)
    boxes = {}
    for each in ("task", "image"):
        mixed, _ = cut_mix(images, one_hot_labels(images), draws_for(8), each)
        changed = (mixed != images).flatten(1, 2).flatten(2)
        moved = changed.any(2)  # an image may be its own partner
        boxes[each] = [
            len({tuple(row.tolist()) for row in task[kept]}) for task, kept in zip(changed, moved, strict=True)
        ]
    assert max(boxes["task"]) == 1
    assert min(boxes["image"]) > 3


def test_an_image_keeps_0_694_of_its_label_on_average() -> None:
    images = numbered(3000, 2, 1, 32)
    _, labels = cut_mix(images, one_hot_labels(images), draws_for(3000), "image")
    own = labels.diagonal(dim1=1, dim2=2).flatten()
    mixed = own[own < 1]  # an image that is its own partner keeps all
    assert len(mixed) > 2000
    assert mixed.mean().item() == pytest.approx(0.694, abs=0.01)


@pytest.mark.parametrize("each", ["task", "image"])
def test_mixup_equals_a_loop_over_images(each: Each) -> None:
    images, draws = random_images(3, 4, 2, 3, 5, 5), draws_for(3)
    labels = one_hot_labels(images)
    mixed, found = mix_up(images, labels, draws, each)
    weights = draws.beta("weight", 1, *((4, 2) if each == "image" else (1, 1))).expand(3, 4, 2).flatten(1).float()
    order = draws.order("partner", 8)
    flat = images.flatten(1, 2)
    for task in range(3):
        for image in range(8):
            weight, other = weights[task, image], order[task, image]
            expected = weight * flat[task, image] + (1 - weight) * flat[task, other]
            torch.testing.assert_close(mixed.flatten(1, 2)[task, image], expected)
            expected = weight * labels[task, image] + (1 - weight) * labels[task, other]
            torch.testing.assert_close(found[task, image], expected)


def test_mixup_with_weight_1_changes_no_bit() -> None:
    images = random_images(3, 4, 2, 3, 5, 5)
    labels = one_hot_labels(images)
    mixed, found = mixed_by(torch.ones(3, 1, 1).double(), images, labels, draws_for(3))
    assert torch.equal(mixed, images)
    assert torch.equal(found, labels)


def test_features_mix_as_images_do() -> None:
    features = random_images(3, 4, 2, 7)
    labels = one_hot_labels(features)
    mixed, found = mix_up(features, labels, draws_for(3), "task")
    as_images, as_labels = mix_up(features[..., None, None], labels, draws_for(3), "task")
    assert torch.equal(mixed, as_images[..., 0, 0])
    assert torch.equal(found, as_labels)


def test_mixed_classes_are_means_of_two_with_hard_labels() -> None:
    episode = random_episode()
    mixed = combination("mixup:task").of_images(episode, draws_for(3))
    assert episode.spare is not None
    torch.testing.assert_close(mixed.support, (episode.support + episode.spare.support) / 2)
    torch.testing.assert_close(mixed.query, (episode.query + episode.spare.query) / 2)
    assert torch.equal(mixed.query_labels, episode.query_labels)
    assert mixed.spare is None


def test_cut_classes_have_one_box_in_support_and_queries() -> None:
    episode = random_episode(size=16)
    mixed = combination("cutmix:task").of_images(episode, draws_for(3))
    assert torch.equal(mixed.support_labels, episode.support_labels)
    boxes = [(new != old).any(3) for new, old in ((mixed.support, episode.support), (mixed.query, episode.query))]
    for of_side in boxes:
        assert torch.equal(of_side, of_side[:, :, :1].expand_as(of_side))
    assert torch.equal(boxes[0][:, :, 0], boxes[1][:, :, 0])
    assert len({tuple(box.flatten().tolist()) for box in boxes[0][:, :, 0].flatten(0, 1)}) > 6
    assert episode.spare is not None
    inside = boxes[0][:, :, :, None].expand_as(mixed.support)
    assert torch.equal(mixed.support[inside], episode.spare.support[inside])


def test_without_spare_classes_two_cannot_become_one() -> None:
    episode = random_episode()._replace(spare=None)
    for name in ("mixup:task", "cutmix:task", "combining-labels:query"):
        with pytest.raises(ValueError, match=f"{name} makes one class of two; 4 ways need 8 classes drawn"):
            combination(name).of_images(episode, draws_for(3))


def test_per_image_is_an_option_of_cutmix_mixup_and_self_mix() -> None:
    options = AugmentationOptions(pixels=PIXELS, per_image=True)
    episode = random_episode(size=16)
    for name in ("cutmix", "mixup", "self-mix"):
        own, shared = (combination(f"{name}:query", one) for one in (options, AugmentationOptions(pixels=PIXELS)))
        assert not torch.equal(
            own.of_images(episode, draws_for(3)).query, shared.of_images(episode, draws_for(3)).query
        )
