"""Changes of colour beside colorsys, numpy, Pillow and torchvision; each order of the four, one image at a time."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance
from scipy.ndimage import correlate1d
from torch import Tensor

from models.selfsup.views.blur import blur_matrices
from models.selfsup.views.colours import blend, grey_of, remove_colour, shift_hue
from models.selfsup.views.jitter import BRIGHTNESS, CONTRAST, HUE, HUE_PLACES, ORDERS, SATURATION, Jitter
from models.selfsup.views.recipes import RECIPES, ViewRecipe
from models.selfsup.views.views import Views
from tests.support.views import CHANGES, grey, hued, picture_of, random_images, recoloured, torchvision_functional

Enhancer = Callable[[Image.Image], Any]

FACTORS = [0.0, 0.6, 1.0, 1.4, 1.9]
ADJUSTMENTS = ("adjust_brightness", "adjust_contrast", "adjust_saturation", "adjust_hue")
TURNS = [-0.5, -0.3, -0.1, 0.0, 0.07, 0.2, 0.5]
WHOLE = {"scale": (1.0, 1.0), "ratio": (1.0, 1.0), "mirrored": 0.0}


def planes_of(images: Tensor) -> Tensor:
    return (images / 255).transpose(0, 1).contiguous()


def jittered(images: Tensor, factors: np.ndarray, orders: np.ndarray) -> Tensor:
    """Images, jittered, in their own order."""
    by_hue = np.argsort(HUE_PLACES[orders], kind="stable")
    planes = planes_of(images[torch.from_numpy(by_hue)])
    Jitter.of(factors[by_hue], orders[by_hue], images.device).apply(planes)
    found = torch.empty(images.shape)
    found[torch.from_numpy(by_hue)] = planes.transpose(0, 1)
    return found


def alone(images: Tensor, change: int, factor: float) -> Tensor:
    """Images with one change; the others change nothing."""
    factors = np.tile([1.0, 1.0, 1.0, 0.0], (len(images), 1))
    factors[:, change] = factor
    return jittered(images, factors, np.zeros(len(images), np.int64))


def test_hue_equals_colorsys_on_every_kind_of_colour() -> None:
    levels = [0.0, 1e-6, 0.25, 0.5, 0.75, 1.0]
    colours = torch.tensor(list(itertools.product(levels, repeat=3)), dtype=torch.float32)
    for turn in TURNS:
        planes = colours.T[:, None, None].clone()
        shift_hue(planes, torch.tensor([[[turn]]]))
        expected = hued(colours[None].double().numpy(), turn)[0]
        assert np.abs(planes[:, 0, 0].T.numpy() - expected).max() < 2e-6


@pytest.mark.parametrize("change", [BRIGHTNESS, CONTRAST, SATURATION, HUE])
def test_each_change_equals_its_definition(change: int) -> None:
    images = random_images(4, 16)
    for factor in TURNS if change == HUE else FACTORS:
        for image, found in zip(images, alone(images, change, factor), strict=True):
            expected = CHANGES[change](picture_of(image / 255), factor)
            assert np.abs(picture_of(found) - expected).max() < 3e-6


@pytest.mark.parametrize("change", [BRIGHTNESS, CONTRAST, SATURATION, HUE])
def test_each_change_equals_torchvision(change: int) -> None:
    functional = torchvision_functional()
    images = random_images(8)
    for factor in TURNS if change == HUE else FACTORS:
        expected = torch.stack([getattr(functional, ADJUSTMENTS[change])(image / 255, factor) for image in images])
        torch.testing.assert_close(alone(images, change, factor), expected, atol=3e-6, rtol=0)


@pytest.mark.parametrize(
    ("change", "enhancer"),
    [(BRIGHTNESS, ImageEnhance.Brightness), (CONTRAST, ImageEnhance.Contrast), (SATURATION, ImageEnhance.Color)],
)
def test_each_change_equals_pillow_to_its_rounding(
    change: int, enhancer: Callable[[Image.Image], ImageEnhance._Enhance]
) -> None:
    images = random_images(8)
    for factor in FACTORS:
        for image, found in zip(images, alone(images, change, factor), strict=True):
            picture = Image.fromarray(image.permute(1, 2, 0).numpy())
            expected = np.asarray(enhancer(picture).enhance(factor)) / 255
            assert np.abs(picture_of(found) - expected).max() < 1.6 / 255  # its grey values and means are whole


def test_images_have_each_their_own_order() -> None:
    random = np.random.default_rng(0)
    images = random_images(48, 12)
    orders = np.tile(np.arange(24), 2)
    factors = np.column_stack([random.uniform(0.2, 1.8, (48, 3)), random.uniform(-0.5, 0.5, 48)])
    for number, found in enumerate(jittered(images, factors, orders)):
        expected = picture_of(images[number] / 255)
        for change in ORDERS[orders[number]]:
            expected = CHANGES[change](expected, factors[number, change])
        assert np.abs(picture_of(found) - expected).max() < 1e-5


def test_each_order_equals_torchvision() -> None:
    functional = torchvision_functional()
    changes = (
        functional.adjust_brightness,
        functional.adjust_contrast,
        functional.adjust_saturation,
        functional.adjust_hue,
    )
    random = np.random.default_rng(1)
    images = random_images(24)
    factors = np.column_stack([random.uniform(0.6, 1.4, (24, 3)), random.uniform(-0.1, 0.1, 24)])
    for order, found in enumerate(jittered(images, factors, np.arange(24))):
        expected = images[order] / 255
        for change in ORDERS[order]:
            expected = changes[change](expected, factors[order, change])
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_whole_recipes_equal_their_definition_image_by_image() -> None:
    images = random_images(60, 16)
    views = Views(ViewRecipe(**WHOLE), 0)
    parameters = views.parameters(torch.arange(60), 1, np.tile(16, (60, 2)))
    made = views(images, torch.arange(60), 1).flatten(0, 1)
    assert len(set(parameters.orders[parameters.jittered].tolist())) == 24
    assert 0 < parameters.grey.sum() < 60
    for number, view in enumerate(made):
        expected = recoloured(picture_of(images[number % 60] / 255), parameters, number)
        assert np.abs(picture_of(view) - expected).max() < 1e-5


def test_grey_has_the_weights_of_the_channels() -> None:
    planes = planes_of(random_images(5))
    before = planes.clone()
    remove_colour(planes, torch.tensor([1, 3]))
    for number in range(5):
        picture = picture_of(before[:, number])
        expected = grey(picture) if number in (1, 3) else picture
        assert np.abs(picture_of(planes[:, number]) - expected).max() < 1e-6


def test_grey_images_change_in_brightness_and_contrast_alone() -> None:
    images = random_images(6, 8, channels=1)
    for change, factor in ((SATURATION, 1.7), (HUE, 0.4)):
        torch.testing.assert_close(alone(images, change, factor), images / 255, atol=1e-6, rtol=0)
    assert torch.equal(grey_of(planes_of(images)), planes_of(images)[0])
    planes = planes_of(images)
    mean = planes[0].mean((1, 2), keepdim=True)
    expected = (1.5 * planes[0] - 0.5 * mean).clamp(0, 1)
    blend(planes, torch.full((6, 1, 1), 1.5), None, torch.full((6, 1, 1), -0.5))
    torch.testing.assert_close(planes[0], expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("side", [32, 64])
def test_blur_is_a_gaussian_filter_with_mirrored_edges(side: int) -> None:
    sigmas = torch.tensor([0.1, 0.7, 2.0], dtype=torch.float64)
    rows = np.random.default_rng(0).random((5, side))
    radius = round(0.05 * side)
    for sigma, matrix in zip(sigmas.tolist(), blur_matrices(sigmas, side), strict=True):
        weights = np.exp(-(np.arange(-radius, radius + 1) ** 2) / (2 * sigma**2))
        expected = correlate1d(rows, weights / weights.sum(), axis=1, mode="mirror")
        assert np.abs(rows @ matrix.double().numpy().T - expected).max() < 1e-6


def test_the_published_recipe_blurs_as_torchvision_does() -> None:
    functional = torchvision_functional()
    images = random_images(3, 224)
    recipe = ViewRecipe(jittered=0, grey=0, blurred=1, **WHOLE)
    views = Views(recipe, 0, count=1)
    parameters = views.parameters(torch.arange(3), 0, np.tile(224, (3, 2)))
    for image, view, sigma in zip(images, views(images, torch.arange(3), 0)[0], parameters.sigmas, strict=True):
        expected = functional.gaussian_blur(image / 255, [23, 23], [float(sigma)] * 2)
        torch.testing.assert_close(view, expected, atol=1e-5, rtol=0)


def test_the_imagenet_recipe_is_normalised() -> None:
    recipe = RECIPES["imagenet"]
    images = torch.full((2, 3, 230, 250), 255, dtype=torch.uint8)
    plain = ViewRecipe(size=224, jittered=0, grey=0, mean=recipe.mean, std=recipe.std)
    found = Views(plain, 0)(images, torch.arange(2), 0)
    expected = (1 - torch.tensor(recipe.mean)) / torch.tensor(recipe.std)
    torch.testing.assert_close(found, expected[:, None, None].expand(2, 2, 3, 224, 224), atol=1e-5, rtol=0)
