"""Tasks: which images they have, which classes, and which views are turned, and how far."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import chi2_contingency, chisquare

from models.selfsup.tasks import Rotation, Tasks
from models.selfsup.turning import turned
from models.selfsup.views.recipes import RECIPES, ViewRecipe
from models.selfsup.views.views import Views
from tests.support.views import random_images

RECIPE = RECIPES["cifar"]
MANY = torch.arange(4000)


def tasks(rotation: Rotation = "none", batch: int = 16, **changes: Any) -> Tasks:
    return Tasks(**{"recipe": RECIPE, "seed": 0, "batch": batch, "rotation": rotation} | changes)


@pytest.mark.parametrize("height", [8, 7])
def test_turned_views_equal_rot90_bit_for_bit(height: int) -> None:
    views = torch.rand(3, 10, 3, height, height)
    turns = torch.randint(0, 4, (3, 10))
    found = turned(views, turns)
    for place in np.ndindex(3, 10):
        assert torch.equal(found[place], torch.rot90(views[place], int(turns[place]), (1, 2)))


@pytest.mark.parametrize("rotation", ["sample", "task", "auxiliary", "both"])
def test_a_task_has_the_same_views_turned(rotation: Rotation) -> None:
    images, numbers = random_images(12), torch.arange(50, 62)
    chosen = tasks(rotation, views=3, copies=2)
    task = chosen.task(images, numbers, 4)
    copies = 0 if rotation in ("sample", "task") else 2
    plain = Views(RECIPE, 0, 3 + copies)(images, numbers, 4)
    assert torch.equal(task.views, turned(plain[:3], task.turns))
    assert torch.equal(task.copies, turned(plain[3:], task.labels))
    assert task.copies.shape == (copies, 12, 3, 32, 32)
    assert task.labels.shape == (copies, 12)


def test_all_views_of_an_image_turn_alike_in_tasks() -> None:
    for rotation in ("task", "both"):
        turns = tasks(rotation, views=3).turns(MANY, 0)[:3]
        assert (turns == turns[0]).all()
        assert chisquare(torch.bincount(turns[0], minlength=4)).pvalue > 1e-3


def test_views_turn_each_on_its_own_in_samples() -> None:
    turns = tasks("sample").turns(MANY, 0)
    table = np.zeros((4, 4))
    np.add.at(table, tuple(turns.numpy()), 1)
    assert chisquare(table.ravel()).pvalue > 1e-3
    assert chi2_contingency(table).pvalue > 1e-3


def test_copies_turn_on_their_own_and_views_do_not() -> None:
    turns = tasks("auxiliary").turns(MANY, 0)
    assert not turns[:2].any()
    assert chisquare(torch.bincount(turns[2], minlength=4)).pvalue > 1e-3
    both = tasks("both").turns(MANY, 0)
    table = np.zeros((4, 4))
    np.add.at(table, (both[0].numpy(), both[2].numpy()), 1)
    assert chi2_contingency(table).pvalue > 1e-3


@pytest.mark.parametrize("rotation", ["sample", "task", "both"])
@pytest.mark.parametrize("probability", [0.0, 0.4])
def test_a_share_of_images_draws_a_turn(rotation: Rotation, probability: float) -> None:
    turns = tasks(rotation, probability=probability).turns(MANY, 0)
    assert abs((turns[0] > 0).double().mean() - 0.75 * probability) < 0.03
    if rotation == "both":
        assert abs((turns[2] > 0).double().mean() - 0.75) < 0.03


def test_turns_are_a_function_of_seed_epoch_and_image() -> None:
    chosen = tasks("sample")
    turns = chosen.turns(MANY, 0)
    assert torch.equal(chosen.turns(MANY[37:53], 0), turns[:, 37:53])
    assert not torch.equal(chosen.turns(MANY, 1), turns)
    assert not torch.equal(tasks("sample", seed=1).turns(MANY, 0), turns)


def test_classes_are_images_and_their_shared_turns() -> None:
    images, numbers = random_images(8), torch.tensor([5, 1, 7, 0, 9, 4, 2, 3])
    assert tasks("none").task(images, numbers, 0).classes.tolist() == (4 * numbers).tolist()
    assert tasks("sample").task(images, numbers, 0).classes.tolist() == (4 * numbers).tolist()
    task = tasks("task").task(images, numbers, 0)
    assert task.classes.tolist() == (4 * numbers + task.turns[1]).tolist()


def test_an_epoch_shows_each_image_once_in_an_order_of_its_own() -> None:
    chosen = tasks(batch=16)
    epochs = [chosen.images(100, epoch) for epoch in range(3)]
    for images in epochs:
        assert images.shape == (6, 16)
        assert len(set(images.flatten().tolist())) == 96
        assert 0 <= images.min() <= images.max() < 100
    assert not torch.equal(epochs[0], epochs[1])
    assert torch.equal(chosen.images(100, 2), epochs[2])


def test_every_image_is_dropped_as_often_as_others() -> None:
    chosen = tasks(batch=15)
    dropped = np.zeros(20)
    for epoch in range(400):
        kept = chosen.images(20, epoch).flatten().numpy()
        dropped[np.setdiff1d(np.arange(20), kept)] += 1
    assert dropped.sum() == 400 * 5
    assert chisquare(dropped).pvalue > 1e-3


def test_fewer_images_than_a_task_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^there are 15 images to train on; a batch of 16 needs as many$"):
        tasks(batch=16).images(15, 0)
    assert tasks(batch=16).images(16, 0).shape == (1, 16)


def test_images_that_are_not_square_are_refused_with_a_rotation() -> None:
    for rotation in ("sample", "task", "auxiliary", "both"):
        with pytest.raises(ValueError, match=f"^images are 32 x 24 pixels; rotation {rotation} turns them by 90"):
            tasks(rotation).check((3, 32, 24))
        tasks(rotation, recipe=ViewRecipe(size=16)).check((3, 32, 24))
    tasks("none").check((3, 32, 24))
    with pytest.raises(ValueError, match=r"^images have 2 channels"):
        tasks("none").check((2, 32, 32))
    with pytest.raises(ValueError, match=r"^views are 32 x 24 pixels; a rotation by 90 degrees needs square ones$"):
        tasks("task").task(random_images(4)[..., :24], torch.arange(4), 0)
    assert tasks("none").task(random_images(4)[..., :24], torch.arange(4), 0).views.shape == (2, 4, 3, 32, 24)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch": 1}, "batch is 1; a task needs 2 images and more"),
        ({"views": 1}, "views of an image are 1; a task needs 1 and more for support and for query"),
        ({"rotation": "all"}, "rotation is 'all'; allowed are none, sample, task, auxiliary, both"),
        ({"probability": 1.1}, "probability of rotation is 1.1; allowed are 0 to 1"),
        ({"copies": 0}, "copies for the auxiliary loss are 0; allowed are 1 and more"),
    ],
)
def test_impossible_tasks_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tasks(**changes)
