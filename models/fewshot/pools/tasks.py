"""A fixed set of tasks that uses all classes."""

import json
from collections.abc import Iterator, Sequence
from itertools import count, islice
from math import comb
from pathlib import Path

import numpy as np

from models.data.draws import Integers, uniform
from models.files import write_text

_ORDER_STREAM, _FILLING_STREAM = range(2)
_MOST = 10_000


def fixed_tasks(key: np.uint64, classes: int, way: int, tasks: int) -> Integers:
    """The classes of each task, (tasks, way): different sets, which use every class; a function of the arguments.

    Classes in random order are cut into tasks, the last of which is filled up with classes drawn from the others: 64
    classes give 12 tasks of 5 and one with the last 4. Further tasks come from further orders.

    Raises ValueError if the tasks cannot use all classes, or there are not as many sets.
    """
    least, most = -(-classes // way), min(comb(classes, way), _MOST)
    if tasks < least:
        raise ValueError(
            f"task_pool is {tasks}; {classes} classes to train on need at least {least} tasks of {way}, "
            "so that all are used"
        )
    if tasks > most:
        raise ValueError(f"task_pool is {tasks}; allowed are {least} to {most} tasks of {way} of {classes} classes")
    return np.stack(list(islice(_different(key, classes, way), tasks)))


def write_tasks(path: Path, tasks: Sequence[Sequence[str]]) -> None:
    """Writes the classes of each task as JSON."""
    write_text(path, json.dumps({"tasks": [list(task) for task in tasks]}, indent=2, ensure_ascii=False))


def _different(key: np.uint64, classes: int, way: int) -> Iterator[Integers]:
    """Tasks without end that are not the same set of classes, as long as there are any."""
    seen = set()
    for number in count():
        for task in _cut(key, number, classes, way):
            chosen = frozenset(task.tolist())
            if chosen not in seen:
                seen.add(chosen)
                yield task


def _cut(key: np.uint64, number: int, classes: int, way: int) -> Iterator[Integers]:
    """All classes in an order of their own, cut into tasks."""
    order, filling = (_order(key, number, stream, classes) for stream in (_ORDER_STREAM, _FILLING_STREAM))
    for first in range(0, classes, way):
        task = order[first : first + way]
        yield np.concatenate([task, filling[~np.isin(filling, task)][: way - len(task)]])


def _order(key: np.uint64, number: int, stream: int, classes: int) -> Integers:
    places = uniform(key, np.full(classes, number), stream, np.arange(classes))
    return np.argsort(places, kind="stable")
