"""Augmentations of single images against loops and their laws."""

import itertools
import math

import numpy as np
import pytest
import torch

from models.fewshot.augmentation.colours import drop_channels, solarizing
from models.fewshot.augmentation.erasing import random_erase
from models.fewshot.augmentation.self_mix import self_mix
from models.fewshot.augmentation.shots import crop
from models.fewshot.augmentation.standard import standard
from models.fewshot.augmentation.turning import rotate
from tests.support.augmentation import PIXELS, draws_for, random_images


@pytest.mark.parametrize(("height", "width"), [(8, 8), (9, 9), (7, 10), (2, 2), (3, 2)])
def test_self_mix_equals_a_loop_over_images(height: int, width: int) -> None:
    images, draws = random_images(50, 2, 1, 2, height, width), draws_for(50)
    side = min(height, width) // 2
    rows, columns, turns, sources = (draws.uniform(name, 2, 1).flatten() for name in ("row", "col", "turns", "source"))
    found = self_mix(images, draws, "image").flatten(0, 2)
    for number, image in enumerate(images.flatten(0, 2).numpy()):
        row = int(rows[number] * height) - side // 2
        column = int(columns[number] * width) - side // 2
        corners = list(itertools.product(range(height - side + 1), range(width - side + 1)))
        elsewhere = [corner for corner in corners if corner != (row, column)]
        top, left = elsewhere[int(sources[number] * len(elsewhere))]
        square = np.rot90(image[:, top : top + side, left : left + side], int(turns[number] * 4), (1, 2))
        expected = np.pad(image, [(0, 0), (side, side), (side, side)])
        expected[:, row + side : row + 2 * side, column + side : column + 2 * side] = square
        np.testing.assert_array_equal(found[number], expected[:, side : side + height, side : side + width])


def test_self_mixed_pixels_come_from_the_same_image_and_channel() -> None:
    marks = torch.arange(3 * 4 * 2 * 3, dtype=torch.float32).view(3, 4, 2, 3, 1, 1)
    images = marks.expand(-1, -1, -1, -1, 12, 12).contiguous()
    for each in ("task", "image"):
        assert torch.equal(self_mix(images, draws_for(3), each), images)


def test_self_mix_has_one_square_for_a_task_unless_each_image_draws() -> None:
    images = random_images(1, 1, 1, 1, 12, 12).expand(6, 5, 4, -1, -1, -1)
    shared, own = (self_mix(images, draws_for(6), each) for each in ("task", "image"))
    assert torch.equal(shared, shared[:, :1, :1].expand_as(shared))
    assert len({tuple(image.flatten().tolist()) for image in own.flatten(0, 2)}) > 100


def test_self_mix_leaves_a_single_pixel_alone() -> None:
    images = random_images(2, 3, 2, 1, 1, 1)
    assert torch.equal(self_mix(images, draws_for(2), "task"), images)


@pytest.mark.parametrize("size", [16, 32, 84])
def test_erased_boxes_have_their_area_and_half_of_the_images_have_one(size: int) -> None:
    images = torch.ones(300, 5, 2, 1, size, size)
    erased = (random_erase(images, draws_for(300), "image") == 0).view(3000, size, size)
    area = erased.flatten(1).double().mean(1)
    found = area > 0
    assert found.double().mean().item() == pytest.approx(0.5, abs=0.04)
    assert area[found].min() >= 0.02
    assert area[found].max() <= 0.4
    rows, columns = erased.any(2).sum(1), erased.any(1).sum(1)
    assert torch.equal(rows * columns, erased.flatten(1).sum(1))
    longer, shorter = torch.maximum(rows, columns)[found], torch.minimum(rows, columns)[found]
    assert ((longer - 0.5) / (shorter + 0.5)).max() <= 3.3
    assert (rows[found] / columns[found]).log().mean().abs() < 0.1


def test_erased_boxes_are_the_same_for_a_class_and_zero() -> None:
    images = random_images(40, 4, 3, 3, 16, 16, low=0.5)
    found = random_erase(images, draws_for(40), "class")
    erased = found == 0
    assert torch.equal(erased, erased[:, :, :1, :1].expand_as(erased))
    assert torch.equal(found[~erased], images[~erased])
    assert erased[:, :, 0, 0].flatten(2).any(2).double().mean().item() == pytest.approx(0.5, abs=0.15)


def test_with_probability_0_nothing_changes() -> None:
    images = random_images(3, 4, 2, 3, 8, 8)
    draws = draws_for(3)
    assert torch.equal(random_erase(images, draws, "image", 0), images)
    assert torch.equal(drop_channels(images, draws, "image", 0), images)
    assert torch.equal(drop_channels(images, draws, "image", 0, doubled=True), images)
    assert torch.equal(solarizing(PIXELS, 0)(images, draws, "image"), images)
    assert torch.equal(rotate(images, draws, "image", 0), images)
    assert torch.equal(crop(images, draws, "image", 0), images)


def test_rotation_equals_bilinear_interpolation_written_out() -> None:
    images = random_images(2, 2, 1, 1, 7, 6, dtype=torch.float64)
    draws = draws_for(2)
    found = rotate(images, draws, "image")
    angles = (-30 + 60 * draws.uniform("angle", 2, 1)).flatten()
    assert angles.abs().max() <= 30
    for image, turned, angle in zip(images.flatten(0, 3), found.flatten(0, 3), angles, strict=True):
        sine, cosine = math.sin(math.radians(angle)), math.cos(math.radians(angle))
        for row in range(7):
            for column in range(6):
                y, x = row - 3, column - 2.5
                source_x, source_y = cosine * x - sine * y + 2.5, sine * x + cosine * y + 3
                value = 0.0
                for r, c in itertools.product(
                    (math.floor(source_y), math.floor(source_y) + 1), (math.floor(source_x), math.floor(source_x) + 1)
                ):
                    if 0 <= r < 7 and 0 <= c < 6:
                        value += (1 - abs(source_y - r)) * (1 - abs(source_x - c)) * image[r, c].item()
                assert turned[row, column].item() == pytest.approx(value, abs=1e-12)


def test_each_channel_is_dropped_by_half_and_the_rest_kept_or_doubled() -> None:
    images = random_images(200, 4, 2, 3, 2, 2, low=0.5)
    plain, doubled = (drop_channels(images, draws_for(200), "image", doubled=one) for one in (False, True))
    dropped = (plain == 0).flatten(4).all(4)
    assert torch.equal(doubled, 2 * plain)
    assert torch.equal(plain[~dropped], images[~dropped])
    assert dropped.double().mean((0, 1, 2)).tolist() == pytest.approx([0.5] * 3, abs=0.05)
    assert dropped.all(3).double().mean().item() == pytest.approx(0.125, abs=0.03)


def test_solarizing_inverts_pixel_values_from_128_on_in_half_of_the_images() -> None:
    values = torch.randint(0, 256, (100, 4, 2, 3, 5, 5), generator=torch.Generator().manual_seed(0)).double()
    images = PIXELS.from_pixels(values)
    found = PIXELS.to_pixels(solarizing(PIXELS)(images, draws_for(100), "image")).round()
    expected = torch.where(values >= 128, 255 - values, values)
    inverted = (found == expected).flatten(3).all(3)
    kept = (found == values).flatten(3).all(3)
    assert (inverted | kept).all()
    assert inverted.double().mean().item() == pytest.approx(0.5, abs=0.06)


def test_crops_move_images_by_up_to_four_pixels() -> None:
    images = torch.zeros(300, 1, 1, 1, 11, 11)
    images[..., 5, 5] = 1
    found = crop(images, draws_for(300), "image").flatten(0, 3)
    places = found.flatten(1).argmax(1)
    offsets = torch.stack([places // 11 - 5, places % 11 - 5])
    assert offsets.amin(1).tolist() == [-4, -4]
    assert offsets.amax(1).tolist() == [4, 4]


def test_the_standard_augmentation_stays_within_pixel_values_and_mirrors_half() -> None:
    values = torch.randint(0, 256, (100, 4, 2, 3, 12, 12), generator=torch.Generator().manual_seed(0)).double()
    found = PIXELS.to_pixels(standard(PIXELS.from_pixels(values), draws_for(100), PIXELS))
    assert found.min() >= -1e-9
    assert found.max() <= 255 + 1e-9
    assert len({tuple(image.flatten().tolist()) for image in found.flatten(0, 2)}) == 800
    grey = torch.full((1, 1, 1, 3, 12, 12), 100.0, dtype=torch.float64)
    strengths = PIXELS.to_pixels(
        standard(PIXELS.from_pixels(grey).expand(200, -1, -1, -1, -1, -1), draws_for(200), PIXELS)
    )
    centre = strengths[..., 6, 6].flatten()
    assert centre.min() >= 60 - 1
    assert centre.max() <= 140 + 1


def test_saturation_leaves_images_of_one_channel_alone() -> None:
    images = random_images(2, 2, 2, 1, 8, 8)
    pixels = type(PIXELS)((120.0,), (60.0,))
    assert standard(images, draws_for(2), pixels).shape == images.shape
