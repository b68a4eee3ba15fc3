"""The data set that chapter 5's tables are trained on, from what a user names."""

from pathlib import Path

from models.fewshot.class_images import FewShotData
from models.fewshot.readers.pickles import has_pickles
from models.fewshot.readers.registry import read_source
from models.fewshot.sources import DatasetName, FewShotSource
from reports.fewshot.scales import Scale


def table_data(path: Path | None, scale: Scale) -> FewShotData:
    """The procedural set for None; drawings for an npz file; for folders, pickles, `train` and `test`, or CIFAR-10."""
    training_classes = scale.training_classes if _kind(path) == "drawings" else None
    return read_source(FewShotSource(dataset=_kind(path), data=path, training_classes=training_classes))


def _kind(path: Path | None) -> DatasetName:
    if path is None:
        return "procedural"
    if path.suffix == ".npz":
        return "drawings"
    return "folders" if path.is_dir() and (has_pickles(path) or (path / "val").is_dir()) else "cifar10"
