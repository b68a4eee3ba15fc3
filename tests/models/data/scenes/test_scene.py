"""Procedural scenes: labels, instances and pictures agree."""

import itertools

import pytest
import torch

from models.data.labelled.crops import IGNORED
from models.data.scenes.outlines import SHAPES, depth_inside
from models.data.scenes.scene import CLASSES, box_around, draw_scene


def test_labels_are_those_of_the_instances_that_are_seen() -> None:
    for index in range(40):
        scene = draw_scene(0, index, 40, 56)
        assert scene.image.shape == (3, 40, 56)
        assert scene.image.dtype == torch.uint8
        assert scene.labels.dtype == torch.int64
        expected = torch.where(scene.labels == IGNORED, IGNORED, 0)
        for instance in scene.instances:
            assert instance.mask.any()
            assert not (expected[instance.mask] != 0).any(), "instances share a pixel"
            expected[instance.mask] = instance.category
        assert torch.equal(scene.labels, expected)


def test_boxes_enclose_their_masks_tightly() -> None:
    instances = [one for index in range(20) for one in draw_scene(1, index, 48, 48).instances]
    assert instances
    for one in instances:
        left, upper, right, lower = one.box
        inside = one.mask[upper:lower, left:right]
        assert inside.sum() == one.mask.sum()
        assert all(edge.any() for edge in (inside[0], inside[-1], inside[:, 0], inside[:, -1]))


def test_scenes_are_functions_of_seed_index_and_size() -> None:
    first, again = draw_scene(3, 5, 32, 32), draw_scene(3, 5, 32, 32)
    assert torch.equal(first.image, again.image)
    assert torch.equal(first.labels, again.labels)
    assert not torch.equal(first.image, draw_scene(4, 5, 32, 32).image)
    assert not torch.equal(first.image, draw_scene(3, 6, 32, 32).image)


def test_some_scenes_are_empty_some_ignore_pixels_and_every_class_occurs() -> None:
    scenes = [draw_scene(0, index, 32, 32) for index in range(120)]
    empty = sum(not scene.instances for scene in scenes)
    assert 5 <= empty <= 40
    assert sum(bool((scene.labels == IGNORED).any()) for scene in scenes) > 10
    seen = torch.cat([scene.labels.flatten() for scene in scenes]).unique().tolist()
    assert seen == [*range(len(CLASSES)), IGNORED]


def overlap(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(max(one[axis], other[axis]) < min(one[axis + 2], other[axis + 2]) for axis in (0, 1))


def test_some_objects_are_drawn_over_others() -> None:
    scenes = [draw_scene(0, index, 64, 64) for index in range(30)]
    boxes = [[one.box for one in scene.instances] for scene in scenes]
    overlapping = [pair for found in boxes for pair in itertools.combinations(found, 2) if overlap(*pair)]
    assert len(overlapping) > 10


@pytest.mark.parametrize("shape", SHAPES)
def test_outlines_lie_within_their_radius(shape: str) -> None:
    places = torch.linspace(-1.5, 1.5, 121)
    down, right = torch.meshgrid(places, places, indexing="ij")
    inside = depth_inside(shape, right, down) > 0
    assert inside.any()
    assert torch.hypot(right, down)[inside].max() < 1.15


@pytest.mark.parametrize(("height", "width"), [(15, 32), (32, 0), (5000, 32)])
def test_sizes_outside_the_allowed_are_refused(height: int, width: int) -> None:
    with pytest.raises(ValueError, match=r"(height|width) of a scene is \d+; allowed are 16 to 4096 pixels"):
        draw_scene(0, 0, height, width)


def test_a_mask_without_pixels_has_no_box() -> None:
    with pytest.raises(ValueError, match="without pixels"):
        box_around(torch.zeros(3, 3, dtype=torch.bool))
