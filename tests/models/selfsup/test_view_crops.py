"""Crops of views beside Pillow's and torchvision's, one image at a time; their boxes beside a loop."""

import itertools

import numpy as np
import pytest
import torch
from scipy.stats import ks_2samp

from models.data.transforms import random_crop_box
from models.selfsup.views.boxes import ATTEMPTS, crop_boxes
from models.selfsup.views.recipes import Interpolation, ViewRecipe
from models.selfsup.views.resampling import cropped, scaled_part
from models.selfsup.views.views import Views
from tests.support.views import cropped_by_pillow, picture_of, random_images, torchvision_functional

KINDS: tuple[Interpolation, ...] = ("bilinear", "bicubic")
ROUNDING = {"bilinear": 1.01, "bicubic": 1.15}
"""Grey levels: halves that Pillow rounds after each axis; the cubic filter's weights add up to 1.25 in size."""

SIZES = [(32, 32), (8, 8), (96, 64), (60, 120), (32, 16)]  # sides of images and of views
PLAIN = {"jittered": 0.0, "grey": 0.0}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("side", "size"), SIZES)
def test_crops_equal_those_of_pillow_to_one_grey_level(side: int, size: int, kind: Interpolation) -> None:
    recipe = ViewRecipe(size=size, interpolation=kind, **PLAIN)
    images, views = random_images(12, side) // 2 + 60, Views(recipe, 3)  # Pillow also limits values between the axes
    parameters = views.parameters(torch.arange(12), 0, np.tile(side, (12, 2)))
    made = views(images, torch.arange(12), 0).flatten(0, 1)
    for number, view in enumerate(made):
        box, mirrored = parameters.boxes[number], bool(parameters.mirrored[number])
        expected = cropped_by_pillow(images[number % 12], box, mirrored, recipe, size)
        assert np.abs(picture_of(view) - expected).max() < ROUNDING[kind] / 255


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("side", "size"), SIZES)
def test_crops_equal_those_of_torchvision(side: int, size: int, kind: Interpolation) -> None:
    functional = torchvision_functional()
    recipe = ViewRecipe(size=size, interpolation=kind, **PLAIN)
    images, views = random_images(12, side), Views(recipe, 3)
    parameters = views.parameters(torch.arange(12), 0, np.tile(side, (12, 2)))
    made = views(images, torch.arange(12), 0).flatten(0, 1)
    for number, view in enumerate(made):
        left, upper, width, height = parameters.boxes[number].tolist()
        image = images[number % 12].float() / 255
        mode = functional.InterpolationMode(kind)
        expected = functional.resized_crop(image, upper, left, height, width, [size, size], mode, antialias=True)
        if parameters.mirrored[number]:
            expected = functional.hflip(expected)
        torch.testing.assert_close(view, expected.clamp(0, 1), atol=5e-6, rtol=0)


def test_pixels_outside_the_crop_do_not_leak_in() -> None:
    images = torch.zeros(1, 3, 32, 32)
    images[..., 4:20, 8:24] = 0.5
    box = torch.tensor([[8, 4, 16, 16]])
    for kind in KINDS:
        found = cropped(images, box, torch.tensor([False]), (32, 32), kind)
        torch.testing.assert_close(found, torch.full_like(found, 0.5), atol=1e-6, rtol=0)


@pytest.mark.parametrize("size", [32, 64])
def test_a_mirrored_view_is_the_same_view_mirrored(size: int) -> None:
    images = random_images(20)
    never, always = (
        Views(ViewRecipe(size=size, mirrored=mirrored, **PLAIN), 1)(images, torch.arange(20), 2)
        for mirrored in (0.0, 1.0)
    )
    assert torch.equal(never.flip(-1), always)


@pytest.mark.parametrize("kind", KINDS)
def test_the_whole_image_in_its_own_size_stays_as_it_is(kind: Interpolation) -> None:
    images = torch.arange(256, dtype=torch.uint8).repeat(3, 1).view(1, 3, 16, 16)
    recipe = ViewRecipe(scale=(1, 1), ratio=(1, 1), mirrored=0, interpolation=kind, **PLAIN)
    views = Views(recipe, 0, count=1)(images, torch.tensor([5]), 0)
    torch.testing.assert_close(views[0], images / 255, atol=1e-7, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_is_scaled_alone_as_in_a_batch(kind: Interpolation) -> None:
    image = random_images(1, 90)
    box = torch.tensor([[7, 11, 70, 50]])
    batch = cropped(image / 255, box, torch.tensor([False]), (48, 48), kind)[:, 0]
    alone = scaled_part(image[0], box[0].tolist(), 48, kind)
    assert (alone - batch * 255).abs().max() < ROUNDING[kind]


def test_boxes_lie_within_images_and_cover_their_share() -> None:
    random = np.random.default_rng(0)
    sizes = random.integers(4, 300, (5000, 2))
    drawn = [random.random((5000, count)) for count in (ATTEMPTS, ATTEMPTS, 2)]
    left, upper, width, height = crop_boxes(sizes, *drawn, (0.08, 1), (3 / 4, 4 / 3)).T
    assert (left >= 0).all()
    assert (upper >= 0).all()
    assert (width >= 1).all()
    assert (height >= 1).all()
    assert (left + width <= sizes[:, 1]).all()
    assert (upper + height <= sizes[:, 0]).all()


@pytest.mark.parametrize(("width", "height"), [(32, 32), (50, 30)])
def test_boxes_follow_the_law_of_one_image_at_a_time(width: int, height: int) -> None:
    count = 4000
    random, generator = np.random.default_rng(1), torch.Generator().manual_seed(2)
    drawn = [random.random((count, draws)) for draws in (ATTEMPTS, ATTEMPTS, 2)]
    boxes = crop_boxes(np.tile([height, width], (count, 1)), *drawn, (0.08, 1), (3 / 4, 4 / 3))
    looped = np.array([random_crop_box(width, height, generator) for _ in range(count)])
    looped[:, 2:] -= looped[:, :2]
    for column in range(4):
        assert ks_2samp(boxes[:, column], looped[:, column]).pvalue > 1e-3
    assert ks_2samp(boxes[:, 2] * boxes[:, 3], looped[:, 2] * looped[:, 3]).pvalue > 1e-3


@pytest.mark.parametrize(("height", "width"), [(10, 300), (300, 10), (1, 7)])
def test_images_that_no_box_fits_are_cut_in_the_middle(height: int, width: int) -> None:
    drawn = [np.full((1, count), 0.999) for count in (ATTEMPTS, ATTEMPTS, 2)]
    box = crop_boxes(np.array([[height, width]]), *drawn, (0.99, 1), (3 / 4, 4 / 3))[0]
    left, upper, right, lower = random_crop_box_of_none(width, height)
    assert box.tolist() == [left, upper, right - left, lower - upper]


def random_crop_box_of_none(width: int, height: int) -> tuple[int, int, int, int]:
    """The central box, from the definition: the largest one whose ratio is nearest."""
    best = max(
        itertools.product(range(1, width + 1), range(1, height + 1)),
        key=lambda sides: (sides[0] / sides[1] <= 4 / 3 + 0.04, sides[0] / sides[1] >= 3 / 4 - 0.04, sides),
    )
    central = min(width, round(height * 4 / 3)), min(height, round(width * 4 / 3))
    assert all(abs(one - other) <= 1 for one, other in zip(best, central, strict=True))
    left, upper = (width - central[0]) // 2, (height - central[1]) // 2
    return left, upper, left + central[0], upper + central[1]
