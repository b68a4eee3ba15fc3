"""The data that chapter 4's networks are trained on and measured with."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from models.attention.detection.pictures import scene_source
from models.attention.training.scenes import labelled_scenes
from models.attention.training.settings import TaskName
from models.attention.training.sources import LsaSource
from models.attention.training.tasks import TASKS
from models.data.images import ImageData, Split
from models.data.scenes.scene_set import SceneSet
from models.data.sources import evenly_spaced
from reports.attention.networks.scales import Scale, TaskScale

_SEED = 0  # of held-out digits and of scenes, which runs of all seeds share
_SCENES = 1000
_FOLDERS = ("imagenet", "ade20k", "coco")
_MAKE_SCENES: Mapping[TaskName, Callable[[SceneSet, SceneSet], Any]] = {
    "segment": labelled_scenes,
    "detect": partial(scene_source, workers=0),
}


@dataclass(frozen=True)
class TaskData:
    """A task's data. training: whose held-out part is the monitored one; measured: the same with all of it."""

    training: Any
    measured: Any

    @property
    def digests(self) -> list[str]:
        """Depend on all that is trained on and measured with."""
        return [self.training.digest, self.measured.digest]

    def share_memory(self) -> None:
        """Lets processes read the same images, if they are in memory."""
        if isinstance(self.measured, ImageData):
            for split in (self.training.train, self.training.test, self.measured.test):
                split.images.share_memory_()


Sets = Mapping[TaskName, TaskData]


def read_sets(path: Path | None, scale: Scale, tasks: Collection[TaskName]) -> dict[TaskName, TaskData]:
    """The data of tasks.

    path: CIFAR-10, or None for scikit-learn's digits; at scale `paper`, the folder that holds the folders `imagenet`,
    `ade20k` and `coco`. Scenes need none. Raises ValueError if there is no data set at a path that a task needs.
    """
    return dict(_read(path, scale, tasks))


def _read(path: Path | None, scale: Scale, tasks: Collection[TaskName]) -> Iterator[tuple[TaskName, TaskData]]:
    for task in TASKS:
        if task in tasks:
            found: TaskName = task  # type: ignore[assignment]  # keys of TASKS
            size = scale.tasks[found]
            yield found, _scenes(found, size) if size.dataset == "shapes" else _of_files(found, size, path)


def _scenes(task: TaskName, size: TaskScale) -> TaskData:
    assert size.size is not None
    assert size.held_out is not None
    train = SceneSet(size.images or _SCENES, size.size, _SEED)
    parts = [SceneSet(count, size.size, _SEED, held_out=True) for count in (size.monitored, size.held_out) if count]
    sets = [_MAKE_SCENES[task](train, part) for part in parts]
    return TaskData(sets[0], sets[-1])


def _of_files(task: TaskName, size: TaskScale, path: Path | None) -> TaskData:
    if size.dataset == "cifar10" and path is None:
        data = TASKS[task].read(LsaSource(dataset="digits", size=size.size), _SEED)
    else:
        data = TASKS[task].read(_source(size, path), _SEED)
    if not isinstance(data, ImageData):
        return TaskData(data, data)
    measured = _held_out(data, size.held_out)
    return TaskData(_held_out(measured, size.monitored), measured)


def _source(size: TaskScale, path: Path | None) -> LsaSource:
    if path is None:
        raise ValueError(
            f"at this scale, --data is needed: a folder that holds {', '.join(_FOLDERS)}, each where a table needs it"
        )
    data = path / size.dataset if size.dataset in _FOLDERS else path
    return LsaSource(dataset=size.dataset, data=data, images=size.images, size=size.size)


def _held_out(data: ImageData, count: int | None) -> ImageData:
    """The same with fewer held-out images, evenly spaced, if there are more."""
    if count is None or count >= data.test_count:
        return data
    chosen = evenly_spaced(data.test_count, count)
    return replace(data, test=Split(data.test.images[chosen], data.test.labels[chosen]))
