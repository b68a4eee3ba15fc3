"""Changes of episodes, in their modes, from changes of images."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from models.fewshot.augmentation.draws import TaskDraws
from models.fewshot.augmentation.names import Mode
from models.fewshot.augmentation.soft_episode import SoftEpisode

Each = Literal["image", "class", "task"]
"""What has a draw of its own."""

ImageChange = Callable[[Tensor, TaskDraws, Each], Tensor]
"""Images (tasks, way, n, channels, height, width) to images of the same shape."""

MixingChange = Callable[[Tensor, Tensor, TaskDraws, Each], tuple[Tensor, Tensor]]
"""Images (tasks, way, n, ...) and soft labels (tasks, way * n, way) to images and labels of the same shapes."""

EpisodeChange = Callable[[SoftEpisode, TaskDraws], SoftEpisode]


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change of episodes, in one mode.

    classes: drawn for each way, 1 or 2. softens: whether labels are no longer one-hot. of_features: whether it takes
    episodes of features instead of images. copies: of each support image in what it returns. turns: how many times it
    turns each class by 90 degrees, (tasks, way), from draws and the number of ways; None if it turns none.
    """

    apply: EpisodeChange
    classes: int = 1
    softens: bool = False
    of_features: bool = False
    copies: int = 1
    turns: Callable[[TaskDraws, int], Tensor] | None = None


def in_modes(change: ImageChange, each: Each = "image") -> dict[Mode, Change]:
    """A change of support or query images, with a draw for each image or as `each` says."""

    def of_support(episode: SoftEpisode, draws: TaskDraws) -> SoftEpisode:
        return episode._replace(support=change(episode.support, draws, each))

    def of_query(episode: SoftEpisode, draws: TaskDraws) -> SoftEpisode:
        return episode._replace(query=change(episode.query, draws, each))

    return {"support": Change(apply=of_support), "query": Change(apply=of_query)}


def of_classes(change: ImageChange) -> dict[Mode, Change]:
    """A change of whole classes: one draw a class, the same for its support and query images."""

    def of_both(episode: SoftEpisode, draws: TaskDraws) -> SoftEpisode:
        support, query = (change(images, draws, "class") for images in (episode.support, episode.query))
        return episode._replace(support=support, query=query)

    return {"task": Change(apply=of_both)}


def mixing(change: MixingChange, each: Each, *, of_features: bool = False) -> dict[Mode, Change]:
    """A change of support or query images that mixes their labels."""

    def of_support(episode: SoftEpisode, draws: TaskDraws) -> SoftEpisode:
        images, labels = change(episode.support, episode.support_labels, draws, each)
        return episode._replace(support=images, support_labels=labels)

    def of_query(episode: SoftEpisode, draws: TaskDraws) -> SoftEpisode:
        images, labels = change(episode.query, episode.query_labels, draws, each)
        return episode._replace(query=images, query_labels=labels)

    changes: Mapping[Mode, EpisodeChange] = {"support": of_support, "query": of_query}
    return {mode: Change(apply=apply, softens=True, of_features=of_features) for mode, apply in changes.items()}


def draws_shape(images: Tensor, each: Each) -> tuple[int, int]:
    """The shape of a task's draws, which broadcasts against (way, n): one for each image, class or task."""
    way, count = images.shape[1:3]
    return {"image": (way, count), "class": (way, 1), "task": (1, 1)}[each]


def beside(draws: Tensor, images: Tensor) -> Tensor:
    """Draws (tasks, a, b) on the images' device, with an axis of size 1 for each further one of the images."""
    return draws.to(images.device, non_blocking=True)[(..., *[None] * (images.dim() - draws.dim()))]


def beside_labels(draws: Tensor, images: Tensor) -> Tensor:
    """Draws (tasks, a, b) for each image, on the images' device, beside its labels: (tasks, way * n, 1)."""
    return draws.to(images.device, non_blocking=True).expand(images.shape[:3]).flatten(1)[..., None]
