"""What training is drawn from. It is collected and checked without torch, so that a command line's help is quick."""

from dataclasses import dataclass
from typing import Literal

from models.checks import check_choice

TrainOn = Literal["train", "train+val"]


@dataclass(frozen=True, kw_only=True)
class PoolSettings:
    """What training draws from, as a command line collects it: not checked yet."""

    train_on: TrainOn = "train"
    """Classes to train on: those of train, or those of train and val together (train+val), which leaves none to choose
    an epoch by."""
    support_pool: int | None = None
    """Images of each class that support images come from, the same ones in all episodes; all if left out."""
    support_noise: bool = False
    """Images of the support pool are replaced with fixed images of random noise."""
    query_pool: int | None = None
    """Images of each class that query images come from, the same ones in all episodes; all if left out."""
    task_pool: int | None = None
    """Number of fixed tasks, sets of classes, that episodes are of; all sets if left out. The tasks use all classes;
    the run keeps their list."""

    @property
    def limits_episodes(self) -> bool:
        """Whether episodes come from fewer images or tasks than there are."""
        return any(one is not None for one in (self.support_pool, self.query_pool, self.task_pool))

    def check(self, shot: int, query: int) -> None:
        """Raises ValueError, naming the setting and what is allowed, for impossible settings.

        shot, query: images that an episode takes of each class.
        """
        check_choice("train_on", self.train_on, TrainOn)
        for name, images, kind in (
            ("support_pool", shot, "shots of each class"),
            ("query_pool", query, "queries of each class"),
        ):
            size = getattr(self, name)
            if size is not None and size < images:
                raise ValueError(f"{name} is {size}; {images} {kind} need at least {images}")
        if self.support_noise and self.support_pool is None:
            raise ValueError("support_noise replaces the images of a support pool; it needs support_pool")

    def check_training(self, *, on_episodes: bool, validation: int) -> None:
        """Raises ValueError for pools without training episodes, and for a choice by classes that are trained on.

        on_episodes: whether training is on episodes. validation: number of validation episodes.
        """
        if self.limits_episodes and not on_episodes:
            raise ValueError("pools of images and tasks are of episodes, which the classical learner does not train on")
        if self.train_on == "train+val" and validation:
            raise ValueError(
                "train_on is train+val, which leaves no classes to choose an epoch by; validation_episodes is "
                f"{validation}, allowed is 0"
            )
