"""The data sets that tables are trained on, from what a user names."""

from collections.abc import Iterable
from pathlib import Path

from models.fewshot.class_images import FewShotData
from models.fewshot.readers.omniglot_runs import OmniglotRuns, read_omniglot_runs
from models.fewshot.readers.pickles import has_pickles
from models.fewshot.readers.registry import read_source, read_splits
from models.fewshot.reduced import reduced
from models.fewshot.sources import DatasetName, FewShotSource
from reports.fewshot.scales import Scale


def table_data(path: Path | None, scale: Scale) -> FewShotData:
    """Drawings for an npz file, the folder's own set for a folder; the procedural set for None.

    Raises ValueError if there is nothing at the path, or no data set.
    """
    return read_source(table_source(path, scale))


def seed_sets(source: FewShotSource, scale: Scale, seeds: Iterable[int]) -> dict[int, FewShotData]:
    """A data set for each seed, which is that of its class split; classes and images are reduced to the scale."""
    found = read_splits(source, seeds)
    small = {id(one): reduced(one, scale.images, scale.side) for one in found.values()}
    return {seed: small[id(one)] for seed, one in found.items()}


def table_source(path: Path | None, scale: Scale) -> FewShotSource:
    """What a user names by a path, as of `table_data`. Raises ValueError if there is nothing at the path."""
    if path is not None and path.suffix != ".npz" and not path.exists():
        raise ValueError(f"{path}: no such file or folder with a few-shot data set")
    training_classes = scale.training_classes if _kind(path) == "drawings" else None
    return FewShotSource(dataset=_kind(path), data=path, training_classes=training_classes)


def official_runs(path: Path | None) -> OmniglotRuns | None:
    """Omniglot's official runs, if their archive lies beside the data."""
    return read_omniglot_runs(path) if path is not None and (path / "all_runs.zip").exists() else None


def _kind(path: Path | None) -> DatasetName:
    if path is None:
        return "procedural"
    if path.suffix == ".npz":
        return "drawings"
    if path.is_dir() and any(path.glob("images_background*")):
        return "omniglot"
    return "folders" if path.is_dir() and (has_pickles(path) or (path / "val").is_dir()) else "cifar10"
