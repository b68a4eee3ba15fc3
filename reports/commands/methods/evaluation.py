"""The options of `wrapmac evaluate`, for runs of every method."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

from tyro.conf import OmitArgPrefixes, arg

from models.fewshot.settings import BatchNorm, HeadName
from models.fewshot.sources import SplitOptions


@dataclass(frozen=True, kw_only=True)
class EpisodeOptions(SplitOptions):
    """Options for runs of `train fewshot`: the episodes to evaluate on, and the data set's split."""

    way: int = 5
    """Classes of an episode."""
    shot: tuple[int, ...] = (1, 5)
    """Support images of each class; one or more numbers, each evaluated by itself."""
    query: int = 15
    """Query images of each class."""
    episodes: int = 10_000
    """Episodes; the first ones of an endless sequence that split, shape and seed determine."""
    split: str = "test"
    """Classes that episodes come from: train, val or test."""
    within_groups: bool = False
    """Whether the classes of an episode come from one group, such as an alphabet."""
    support_from: tuple[str, ...] = ()
    """Drawings: designers of the support images; query images are by all others. Anyone, if left out."""
    episode_seed: int = 2
    """Seed of the episodes."""
    head: HeadName | None = None
    """Head that classifies by the features; that of the run if left out."""
    batch_norm: BatchNorm | None = None
    """Statistics of batch norm: running (of training), episode (of the episode's images: queries help each other) or
    support (of the support and one query at a time); those of the run if left out."""
    against: Annotated[Path | None, arg(metavar="RUN2")] = None
    """Another run, evaluated on the same episodes: their paired difference, with its own standard error."""
    allow_seen: bool = False
    """Whether to evaluate on classes that the run was trained on; the report says so."""

    def changed(self) -> set[str]:
        """The names of the options that are not at their defaults."""
        return {field.name for field in fields(self) if getattr(self, field.name) != field.default}


@dataclass(frozen=True, kw_only=True)
class EvaluationOptions:
    """Held-out data to evaluate on, and the options of methods."""

    dataset: Annotated[
        str | None,
        arg(
            metavar="NAME",
            help="data set. Of wrapnet: digits (if left out), cifar10, imagenet. Of fewshot: procedural (if left out), "
            "folders, omniglot, omniglot-runs (the official test of 20 runs), cifar10, drawings",
        ),
    ] = None
    data: Annotated[
        Path | None,
        arg(
            metavar="PATH",
            help="where the data set is. CIFAR-10: python batches or image folders, or a tar of them; ImageNet-style "
            "folders; few-shot sets: as of `train fewshot`",
        ),
    ] = None
    fewshot: OmitArgPrefixes[EpisodeOptions] = EpisodeOptions()

    def dataset_of(self, names: tuple[str, ...]) -> str:
        """The data set, by default the first of a method's `names`. Raises ValueError for any other."""
        if self.dataset is not None and self.dataset not in names:
            raise ValueError(f"--dataset is {self.dataset}; a run of this method allows {', '.join(names)}")
        return self.dataset or names[0]
