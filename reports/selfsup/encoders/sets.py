"""The images that chapter 7's encoders are trained on and probed with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.data.cifar import cifar10
from models.data.digits import digits
from models.data.folders import ImageFolders
from models.data.images import ImageData
from models.fewshot.readers.pickles import has_pickles
from models.fewshot.readers.registry import read_source
from models.fewshot.sources import FewShotSource
from models.selfsup.labelled_sets import parted_classes
from models.selfsup.probes.disk import probe_folders
from models.selfsup.probes.images import ProbeData, probe_data
from models.selfsup.sources import SelfSupSource
from models.selfsup.training_data import TrainingData, read_training_data
from models.selfsup.views.recipes import ViewRecipe
from reports.selfsup.encoders.scales import Scale

_PARTS_SEED = 0
_TARGET_SPLIT = "test"


@dataclass(frozen=True)
class LabelledImages:
    """Images with labels, to probe encoders with. title: for reports."""

    title: str
    images: ImageData | ImageFolders

    @property
    def digest(self) -> str:
        """Depends on all images and labels."""
        return self.images.digest

    def fitted(self, shape: tuple[int, int, int], recipe: ViewRecipe) -> ProbeData:
        """The images for an encoder of images of a shape (channels, height, width) and its recipe."""
        if isinstance(self.images, ImageData):
            return probe_data(self.images, shape, recipe)
        return probe_folders(self.images, shape, recipe)

    def share_memory(self) -> None:
        """Lets processes read the same images, if they are in memory."""
        if isinstance(self.images, ImageData):
            for split in (self.images.train, self.images.test):
                split.images.share_memory_()  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Sets:
    """The images of chapter 7's tables.

    training, labelled: by seed, the images to train on and the same images with labels. targets: data sets of
    Table 7.4. by_seed: whether seeds have different held-out images.
    """

    training: Mapping[int, TrainingData]
    labelled: Mapping[int, LabelledImages]
    targets: tuple[LabelledImages, ...]
    by_seed: bool


def read_sets(
    path: Path | None, on: Sequence[FewShotSource], scale: Scale, seeds: Sequence[int], *, imagenet: bool, targets: bool
) -> Sets:
    """The data sets that a user names.

    path: CIFAR-10 or, if `imagenet`, folders of pictures by class; None for scikit-learn's digits. on: data sets of
    Table 7.4; if there are none, the digits or, where encoders are trained on these, the procedural set. targets:
    whether a table needs them.

    Raises ValueError if there is no data set at a path, without ImageNet where it is needed, and for two targets of one
    name.
    """
    if imagenet and path is None:
        raise ValueError("at this scale, tables 7.2 to 7.4 are of ImageNet; name its folder by --data")
    if path is None:
        training = {seed: read_training_data(SelfSupSource(), seed) for seed in seeds}
    else:
        source = SelfSupSource(
            dataset="imagenet" if imagenet else "cifar10", data=path, images=None if imagenet else scale.images
        )
        training = dict.fromkeys(seeds, read_training_data(source, seeds[0]))
    folders = ImageFolders(path) if imagenet and path is not None else None
    labelled = {seed: _labelled(one, folders) for seed, one in training.items()}
    sources = on or (FewShotSource(dataset="procedural" if path is None else "digits"),)
    found = tuple(_target(one) for one in sources) if targets else ()
    titles = [one.title for one in found]
    twice = sorted({title for title in titles if titles.count(title) > 1})
    if twice:
        raise ValueError(f"--on names two data sets called {twice[0]}; a table needs different names")
    return Sets(training, labelled, found, by_seed=path is None and len(seeds) > 1)


def _labelled(data: TrainingData, folders: ImageFolders | None) -> LabelledImages:
    images = data.labelled or folders
    assert images is not None  # images in memory have labels
    return LabelledImages(data.name, images)


def _target(source: FewShotSource) -> LabelledImages:
    """A data set with training and held-out images of the same classes, or parted so.

    Few-shot sets, whose splits have different classes, give the classes of their test split.
    """
    if source.dataset == "digits":
        return LabelledImages("digits", digits())
    if source.data is None and source.dataset != "procedural":
        raise ValueError(f"--on {source.dataset} needs a path: --on {source.dataset}:PATH")
    if source.dataset == "cifar10" and source.data is not None:
        return LabelledImages("CIFAR-10", cifar10(source.data))
    if source.dataset == "folders" and source.data is not None and not _has_few_shot_splits(source.data):
        folders = ImageFolders(source.data)
        return LabelledImages(folders.name, folders)
    parted = parted_classes(read_source(source), _TARGET_SPLIT, _PARTS_SEED)
    return LabelledImages(parted.name.split(",")[0], parted)


def _has_few_shot_splits(folder: Path) -> bool:
    """Whether a folder's classes are split for few-shot learning: in pickles, or in train, val and test."""
    if not folder.is_dir():
        return False
    return has_pickles(folder) or all((folder / split).is_dir() for split in ("train", "val", "test"))
