"""Tasks of self-supervised learning: each image of a batch is a class, and its views are the samples of the class."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from models.checks import check_choice
from models.data.draws import Integers, key_of, uniform
from models.selfsup.settings import Rotation
from models.selfsup.turning import TURNS, draw_turns, turned
from models.selfsup.views.recipes import ViewRecipe
from models.selfsup.views.views import Views, check_channels


class Task(NamedTuple):
    """A classification task of as many classes as images, or the part of it that a process holds.

    views: (views, images, channels, height, width), float32. turns: the number of anticlockwise turns of each by
    90 degrees, (views, images). classes: of each image, (images,): four times its number in the data set, and its turn
    where all of its views share it. copies: further views for the auxiliary loss, turned by `labels` times 90 degrees,
    (copies, images, ...) and (copies, images); none in other modes.
    """

    views: Tensor
    turns: Tensor
    classes: Tensor
    copies: Tensor
    labels: Tensor


@dataclass(frozen=True, kw_only=True)
class Tasks:
    """The tasks of a training, each a function of seed, epoch, and the numbers of its images.

    batch: images of a task. views: of each image, support and query together. rotation: as in SelfSupSettings; copies
    are further views of each image, which the learner does not compare. probability: of a view or image to draw one of
    the four turns, 0 degrees among them; copies always do. white: pixel value of white.

    Raises ValueError, naming the setting, for impossible ones.
    """

    recipe: ViewRecipe
    seed: int
    batch: int
    views: int = 2
    rotation: Rotation = "none"
    probability: float = 1.0
    copies: int = 1
    white: int = 255

    def __post_init__(self) -> None:
        if self.batch < 2:
            raise ValueError(f"batch is {self.batch}; a task needs 2 images and more, each of them a class")
        if self.views < 2:
            raise ValueError(f"views of an image are {self.views}; a task needs 1 and more for support and for query")
        check_choice("rotation", self.rotation, Rotation)
        if not 0 <= self.probability <= 1:
            raise ValueError(f"probability of rotation is {self.probability}; allowed are 0 to 1")
        if self.copies < 1:
            raise ValueError(f"copies for the auxiliary loss are {self.copies}; allowed are 1 and more")

    def check(self, shape: tuple[int, int, int]) -> None:
        """Raises ValueError for images of a shape, channels, height and width, that allows no views, or no turns."""
        check_channels(shape[0])
        if self.rotation != "none" and self.recipe.size is None and shape[1] != shape[2]:
            raise ValueError(
                f"images are {shape[1]} x {shape[2]} pixels; rotation {self.rotation} turns them by 90 degrees, which "
                "needs square ones, or a recipe with a size of views"
            )

    def images(self, count: int, epoch: int) -> Tensor:
        """The images of the tasks of an epoch of `count` images, in an order of its own: (tasks, batch), int64.

        Those that are too few for another task are left out. Raises ValueError if there are not enough for one.
        """
        if count < self.batch:
            raise ValueError(f"there are {count} images to train on; a batch of {self.batch} needs as many")
        tasks = count // self.batch
        drawn = uniform(key_of("order of images", self.seed, epoch), np.arange(count), 0, 0)
        return torch.from_numpy(np.argsort(drawn, kind="stable")[: tasks * self.batch]).view(tasks, self.batch)

    def task(self, images: Tensor, numbers: Tensor, epoch: int) -> Task:
        """The task of images (images, channels, height, width), uint8, with these numbers in the data set.

        `images` may also be crops of them, see `Views.crops`. Raises ValueError for views that are not square where a
        mode turns them, and as `Views`.
        """
        made = self.all_views(images, numbers, epoch)
        turns = self.turns(numbers, epoch)
        if self.rotation != "none":
            made = turned(made, turns)
        turns = turns.to(made.device, non_blocking=True)
        shared = turns[0] if self.rotation in ("task", "both") else 0
        classes = numbers.to(made.device, non_blocking=True) * TURNS + shared
        return Task(made[: self.views], turns[: self.views], classes, made[self.views :], turns[self.views :])

    @cached_property
    def all_views(self) -> Views:
        """The views of an image and the copies for the auxiliary loss."""
        return Views(self.recipe, self.seed, self.views + self._copied, white=self.white)

    def turns(self, numbers: Tensor, epoch: int) -> Tensor:
        """Numbers of turns by 90 degrees, of each view and copy: (views + copies, images), int64, on the CPU."""
        images, views = numbers.cpu().numpy(), range(self.views, self.views + self._copied)
        copied = draw_turns(key_of("turns of copies", self.seed, epoch), images, views)
        return torch.from_numpy(np.concatenate([self._turns_of_views(images, epoch), copied]))

    @property
    def _copied(self) -> int:
        return self.copies if self.rotation in ("auxiliary", "both") else 0

    def _turns_of_views(self, images: Integers, epoch: int) -> Integers:
        key = key_of("turns", self.seed, epoch)
        if self.rotation in ("task", "both"):
            return draw_turns(key, images, range(1), self.probability).repeat(self.views, 0)
        drawn = self.probability if self.rotation == "sample" else 0
        return draw_turns(key, images, range(self.views), drawn)
