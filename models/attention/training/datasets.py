"""The data set that the options of a task name."""

from collections.abc import Sequence

from models.attention.training.sources import LsaSource
from models.checks import check_positive


def chosen_dataset(source: LsaSource, task: str, allowed: Sequence[str]) -> str:
    """The data set's name, the first one allowed if none is named.

    Raises ValueError for a size below 1 and for a data set that the task does not allow.
    """
    if source.size is not None:
        check_positive("size", source.size)
    dataset = source.dataset or allowed[0]
    if dataset not in allowed:
        raise ValueError(f"dataset is {dataset!r}; the task {task} allows {', '.join(allowed)}")
    return dataset
