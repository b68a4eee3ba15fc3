"""Views as functions of seed, epoch, image and view, whatever batch they are made in; recipes and images refused."""

import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from models.data.digits import digits
from models.selfsup.views.jitter import ORDERS
from models.selfsup.views.recipes import RECIPES, ViewRecipe
from models.selfsup.views.views import Views
from tests.support.views import random_images

SETTINGS = [
    (RECIPES["cifar"], 32, 3),
    (replace(RECIPES["cifar"], order="batch"), 32, 3),
    (RECIPES["cifar"], 8, 1),
    (replace(RECIPES["imagenet"], size=64), 96, 3),
]


@pytest.mark.parametrize(("recipe", "side", "channels"), SETTINGS)
def test_views_do_not_depend_on_the_batch_they_are_made_in(recipe: ViewRecipe, side: int, channels: int) -> None:
    images, numbers = random_images(30, side, channels), torch.arange(100, 130)
    views = Views(recipe, 4)
    together = views(images, numbers, 7)
    for parts in ([1, 29], [7, 8, 15], [1] * 30):
        pairs = zip(images.split(parts), numbers.split(parts), strict=True)
        assert torch.equal(torch.cat([views(*pair, 7) for pair in pairs], 1), together)
    shuffled = torch.randperm(30, generator=torch.Generator().manual_seed(0))
    assert torch.equal(views(images[shuffled], numbers[shuffled], 7), together[:, shuffled])


@pytest.mark.parametrize(("side", "tolerance"), [(7, 1e-6), (28, 1e-6), (230, 0)])
def test_neither_threads_nor_odd_sizes_change_views(side: int, tolerance: float) -> None:
    images, numbers = random_images(5, side), torch.arange(5)
    views = Views(RECIPES["imagenet"] if side > 200 else RECIPES["cifar"], 4)
    before = torch.get_num_threads()
    made = []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            made.append(views(images, numbers, 0))
            made.append(torch.cat([views(images[[one]], numbers[[one]], 0) for one in range(5)], 1))
    finally:
        torch.set_num_threads(before)
    for other in made[1:]:
        torch.testing.assert_close(other, made[0], atol=tolerance, rtol=0)


def test_views_do_not_depend_on_how_many_there_are() -> None:
    images, numbers = random_images(9), torch.arange(9)
    two, three = (Views(RECIPES["cifar"], 1, count)(images, numbers, 0) for count in (2, 3))
    assert torch.equal(three[:2], two)
    assert not torch.equal(three[2], two[0])


def test_views_depend_on_seed_epoch_image_and_view() -> None:
    image, recipe = random_images(1), RECIPES["cifar"]
    first, second = Views(recipe, 0)(image, torch.tensor([0]), 0)
    found = [
        first,
        second,
        Views(recipe, 1)(image, torch.tensor([0]), 0)[0],
        Views(recipe, 0)(image, torch.tensor([0]), 1)[0],
        Views(recipe, 0)(image, torch.tensor([1]), 0)[0],
    ]
    assert len({view.numpy().tobytes() for view in found}) == len(found)


def test_views_leave_the_random_state_and_the_images_alone() -> None:
    images = random_images(5)
    before, state = images.clone(), torch.get_rng_state()
    views = Views(RECIPES["cifar"], 0)(images, torch.arange(5), 0)
    assert torch.equal(images, before)
    assert torch.equal(torch.get_rng_state(), state)
    assert views.dtype == torch.float32
    assert not views.requires_grad


def test_views_are_the_same_in_another_process() -> None:
    program = (
        "import torch; from models.selfsup.views.recipes import RECIPES; from models.selfsup.views.views import Views;"
        "images = torch.arange(3072).remainder(251).byte().view(1, 3, 32, 32);"
        "print(Views(RECIPES['cifar'], 3)(images, torch.tensor([8]), 2).double().sum().item())"
    )
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    images = torch.arange(3072).remainder(251).byte().view(1, 3, 32, 32)
    assert float(made.stdout) == Views(RECIPES["cifar"], 3)(images, torch.tensor([8]), 2).double().sum().item()


def test_mixed_precision_does_not_reach_the_views() -> None:
    images, views = random_images(6), Views(RECIPES["cifar"], 0)
    plain = views(images, torch.arange(6), 0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(views(images, torch.arange(6), 0), plain)


def test_draws_have_the_laws_of_the_recipe() -> None:
    recipe, count = RECIPES["imagenet"], 4000
    drawn = Views(recipe, 5).parameters(torch.arange(count), 0, np.tile(300, (count, 2)))
    for name, probability in (("mirrored", 0.5), ("jittered", 0.8), ("grey", 0.2)):
        happened = int(getattr(drawn, name).sum())
        total = 2 * count
        assert chisquare([happened, total - happened], [probability * total, (1 - probability) * total]).pvalue > 1e-3
    assert abs((drawn.sigmas > 0).mean() - 0.5) < 0.03
    assert 0.1 <= drawn.sigmas[drawn.sigmas > 0].min() < 0.12 < 1.98 < drawn.sigmas.max() <= 2
    assert chisquare(np.bincount(drawn.orders, minlength=24)).pvalue > 1e-3
    for column, (least, most) in enumerate([(0.2, 1.8)] * 3 + [(-0.2, 0.2)]):
        factors = drawn.factors[:, column]
        assert chisquare(np.histogram(factors, 10, (least, most))[0]).pvalue > 1e-3
        assert least <= factors.min() < factors.max() <= most


def test_a_batch_can_share_its_order() -> None:
    views = Views(replace(RECIPES["cifar"], order="batch"), 0)
    orders = [
        views.parameters(torch.arange(50), epoch, np.tile(32, (50, 2))).orders.reshape(2, 50) for epoch in range(40)
    ]
    assert all((of_view == of_view[0]).all() for of_views in orders for of_view in of_views)
    assert len({int(of_view[0]) for of_views in orders for of_view in of_views}) > 15
    assert len(ORDERS) == 24


def test_digits_have_views_from_0_to_1() -> None:
    data = digits()
    views = Views(RECIPES["cifar"], 0, white=data.white)(data.train.images[:100], torch.arange(100), 0)
    assert views.shape == (2, 100, 1, 8, 8)
    assert views.min() == 0
    assert 0.9 < views.max() <= 1


@pytest.mark.parametrize("channels", [2, 4])
def test_images_of_unknown_colours_are_refused(channels: int) -> None:
    with pytest.raises(ValueError, match=f"^images have {channels} channels; views need 1"):
        Views(RECIPES["cifar"], 0)(random_images(2, 8, channels), torch.arange(2), 0)


def test_images_that_are_not_bytes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"torch.float32 of shape \(2, 3, 8, 8\); views need uint8"):
        Views(RECIPES["cifar"], 0)(torch.rand(2, 3, 8, 8), torch.arange(2), 0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": 2}, "size of views is 2"),
        ({"scale": (0.0, 1.0)}, "scale of crops"),
        ({"scale": (0.5, 0.2)}, "scale of crops"),
        ({"ratio": (2.0, 1.0)}, "ratio is 2.0, 1.0"),
        ({"sigma": (0.0, 1.0)}, "sigma is 0.0, 1.0"),
        ({"jittered": 1.5}, "probability jittered is 1.5; allowed are 0 to 1"),
        ({"mirrored": float("nan")}, "probability mirrored is nan"),
        ({"hue": 0.6}, "hue is 0.6; allowed are 0 to 0.5"),
        ({"interpolation": "nearest"}, "interpolation is 'nearest'; allowed are bilinear, bicubic"),
        ({"order": "none"}, "order is 'none'; allowed are image, batch"),
        ({"mean": (0.5,)}, "as many of each"),
        ({"mean": (0.5,), "std": (0.0,)}, "std above 0"),
    ],
)
def test_impossible_recipes_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ViewRecipe(**changes)
