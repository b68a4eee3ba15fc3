"""Options of few-shot data sets, as a command line collects them; importing them is quick."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, Self, get_args

DatasetName = Literal["procedural", "folders", "omniglot", "cifar10", "drawings", "digits"]
SplitBy = Literal["class", "category"]

_MADE_WITHOUT_DATA: tuple[DatasetName, ...] = ("procedural", "digits")


@dataclass(frozen=True, kw_only=True)
class SplitOptions:
    """How few-shot data sets are split that have no splits of their own, and how the procedural one is made."""

    class_split: int = 0
    """Seed of the split into classes where the data has none, and of the procedural set."""
    split_by: SplitBy = "class"
    """Whether splits of drawings share no class or no category, which is another domain."""
    training_classes: int | None = None
    """Drawings: number of classes to train on, the others being to test on; 60% if left out."""
    rotations: bool = False
    """Omniglot: turned characters are further classes, in the same split."""
    images: int = 100
    """Procedural set: images of each class."""
    variation: float = 1.0
    """Procedural set: how much the images of a class differ, 0 to 10."""


@dataclass(frozen=True, kw_only=True)
class FewShotSource(SplitOptions):
    """Which few-shot data set to read, and how it is split."""

    dataset: DatasetName = "procedural"
    """The data set: procedural shapes, which need no data; folders with CIFAR-FS or mini-ImageNet as pickles, or with
    train, val and test; omniglot; cifar10 by classes; drawings from `make drawings`; scikit-learn's digits by classes,
    which need no data."""
    data: Path | None = None
    """Folder, archive or file that holds the data set."""

    @classmethod
    def parse(cls, text: str, options: SplitOptions) -> Self:
        """A data set named NAME or NAME:PATH, split as the options say.

        Raises ValueError for an unknown name, and for a path of a data set that needs none.
        """
        name, _, path = text.partition(":")
        if name not in get_args(DatasetName):
            allowed = ", ".join(get_args(DatasetName))
            raise ValueError(f"data set {text!r} is unknown; allowed are NAME and NAME:PATH, NAME being {allowed}")
        if path and name in _MADE_WITHOUT_DATA:
            raise ValueError(f"data set {name} needs no data; the path {path} is too much")
        split = {field.name: getattr(options, field.name) for field in fields(SplitOptions)}
        return cls(dataset=name, data=Path(path) if path else None, **split)  # type: ignore[arg-type]


def named_sources(texts: Sequence[str], options: SplitOptions) -> tuple[FewShotSource, ...]:
    """Data sets named NAME or NAME:PATH. Raises ValueError for an unknown one, and one that is named twice."""
    twice = [name for index, name in enumerate(texts) if name in texts[:index]]
    if twice:
        raise ValueError(f"--on names {twice[0]} twice")
    return tuple(FewShotSource.parse(text, options) for text in texts)
