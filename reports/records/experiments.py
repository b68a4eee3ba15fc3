"""Runs experiments that start from each other's results: shared parents once, in parallel, resumed after a kill."""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import torch

from models.progress import Progress
from reports.records.kept import kept


@dataclass(frozen=True)
class Experiment:
    """Something to train and measure.

    key: tells experiments apart and names the experiment's folder. settings: what its record depends on, plain JSON
    values. parents: experiments whose results it starts from; they run first. family: experiments of the same family
    run one after the other, because they share stages on disk; empty for an experiment that shares none.
    """

    key: str
    settings: dict[str, Any]
    parents: tuple["Experiment", ...] = ()
    family: str = ""


Record = dict[str, Any]
"""What was measured, as plain JSON values."""

Measure = Callable[[Experiment, Path], Record]
"""Trains an experiment, leaving its files in a folder, and returns its record. Goes to other processes by pickling."""


def run_experiments(
    experiments: Iterable[Experiment],
    measure: Measure,
    out: Path,
    progress: Progress,
    *,
    code: tuple[str, ...] = (),
    inputs: dict[str, Any] | None = None,
) -> dict[str, Record]:
    """Runs experiments and their parents, each once; returns the records by key, parents' included.

    Experiments run in as many processes as there are cores, or in a single one where there is a GPU. out: each
    experiment has the folder `out/runs/KEY`; its record is kept there and read again while `settings`, `inputs` and
    the code stay the same. code: packages or files of this project that all records depend on. inputs: what else they
    depend on, plain JSON values. Raises what `measure` raises; records that were finished by then are kept.
    """
    groups = _groups(_with_parents(experiments))
    task = progress.task("training", sum(map(len, groups)))
    workers = 1 if torch.cuda.is_available() else os.cpu_count() or 1
    keep = partial(_kept_record, measure=measure, out=out, code=code, inputs=inputs or {})
    records: dict[str, Record] = {}
    context = torch.multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _set_up, (keep, workers)) as pool:
        try:
            for done in _in_order(groups, lambda group: pool.submit(_run, group)):
                for key, record in done.items():
                    records[key] = record
                    task.advance(note=key)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return records


def run_by_seed(
    experiments: Mapping[tuple[str, int], Experiment],
    measure: Measure,
    out: Path,
    progress: Progress,
    *,
    code: tuple[str, ...] = (),
    inputs: dict[str, Any] | None = None,
) -> dict[str, dict[int, Record]]:
    """Runs experiments that have a name and a seed; returns their records by name, then seed. See `run_experiments`."""
    records = run_experiments(experiments.values(), measure, out, progress, code=code, inputs=inputs)
    found: dict[str, dict[int, Record]] = {}
    for (name, seed), experiment in experiments.items():
        found.setdefault(name, {})[seed] = records[experiment.key]
    return found


def _with_parents(experiments: Iterable[Experiment]) -> dict[str, Experiment]:
    """Experiments and all their ancestors by key, parents before children."""
    found: dict[str, Experiment] = {}
    for experiment in experiments:
        if experiment.key not in found:
            found |= _with_parents(experiment.parents)
            found[experiment.key] = experiment
    return found


_Group = tuple[Experiment, ...]


def _groups(experiments: dict[str, Experiment]) -> list[_Group]:
    """Experiments that one process runs in turn: members of a family that are of one generation."""
    generations: dict[str, int] = {}
    grouped: dict[tuple[int, str], list[Experiment]] = {}
    for key, experiment in experiments.items():
        generations[key] = 1 + max((generations[parent.key] for parent in experiment.parents), default=0)
        grouped.setdefault((generations[key], experiment.family or key), []).append(experiment)
    return [tuple(group) for group in grouped.values()]


def _in_order(
    groups: Sequence[_Group], submit: Callable[[_Group], Future[dict[str, Record]]]
) -> Iterator[dict[str, Record]]:
    """Submits each group once those of its members' parents are done, large ones first; yields results as they come."""
    place = {experiment.key: index for index, group in enumerate(groups) for experiment in group}
    order = TopologicalSorter(
        {
            index: {place[parent.key] for experiment in group for parent in experiment.parents}
            for index, group in enumerate(groups)
        }
    )
    order.prepare()
    running: dict[Future[dict[str, Record]], int] = {}
    while order.is_active():
        for index in sorted(order.get_ready(), key=lambda index: len(groups[index]), reverse=True):
            running[submit(groups[index])] = index
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            order.done(running.pop(future))
            yield future.result()


def _kept_record(
    experiment: Experiment, *, measure: Measure, out: Path, code: tuple[str, ...], inputs: dict[str, Any]
) -> Record:
    folder = out / "runs" / experiment.key
    depends_on = experiment.settings | inputs
    return kept(folder / "record.json", code, depends_on, partial(measure, experiment, folder))


_keep: Callable[[Experiment], Record]


def _set_up(keep: Callable[[Experiment], Record], workers: int) -> None:
    """Prepares a worker process, which gets what all experiments have in common once."""
    global _keep
    _keep = keep
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // workers))


def _end_with_parent() -> None:
    """Ends this process when its parent is gone, which a kill leaves no time to say.

    A resumed run would otherwise train in the same folders as the workers of the killed one.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _run(group: _Group) -> dict[str, Record]:
    return {experiment.key: _keep(experiment) for experiment in group}
