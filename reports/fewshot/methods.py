"""All methods on one data set: 5- and 20-way, 1- and 5-shot, classes from all groups or one, such as an alphabet."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from models.fewshot.class_images import FewShotData
from models.fewshot.comparison import EpisodeTest, evaluate_run
from models.fewshot.config import FewShotConfig
from models.fewshot.held_out import SHOTS, held_out_shapes
from models.fewshot.official import evaluate_official
from models.fewshot.readers.omniglot_runs import WAYS as OFFICIAL_WAYS
from models.fewshot.readers.omniglot_runs import OmniglotRuns
from models.fewshot.run import FewShotRun, load_run, run_few_shot
from models.progress import Progress
from reports.fewshot.experiments import check_test_images
from reports.fewshot.measure import RUN
from reports.fewshot.scales import Scale
from reports.records.experiments import Experiment, Record, run_experiments
from reports.tables.beside import over_seeds
from reports.tables.published import percent
from reports.tables.table import Table

METHODS: Mapping[str, Mapping[str, str]] = {
    "ProtoNet": {"learner": "prototype", "encoder": "64x4"},
    "R2-D2": {"learner": "ridge", "encoder": "64x4"},
    "MetaOptNet": {"learner": "svm", "encoder": "64x4"},
    "Classical": {"learner": "classical", "encoder": "64x4"},
    "MAML": {"learner": "maml", "encoder": "4x32"},
    "FOMAML": {"learner": "fomaml", "encoder": "4x32"},
    "Reptile": {"learner": "reptile", "encoder": "4x32"},
}
"""Settings of the methods, by the names that the table gives them."""

_WAYS = (5, 20)
_CODE = ("models/backbones", "models/fewshot", "models/training", "reports/fewshot/methods.py")
_WHERE = {False: "mixed", True: "within a group"}


def measure_methods(
    data: FewShotData,
    official: OmniglotRuns | None,
    scale: Scale,
    seeds: Sequence[int],
    out: Path,
    progress: Progress,
) -> dict[str, Any]:
    """Trains every method, those that are fine-tuned for each number of ways, and evaluates it on test classes.

    official: Omniglot's official runs, for methods on 20 ways. out: keeps the runs, from which a killed run resumes.
    Returns plain JSON values: evaluations by method, ways and seed. Raises ValueError if a split has fewer than five
    classes, or a test class too few images.
    """
    check_test_images(data)
    ways = _ways_of(data)
    wanted = {
        (name, trained, seed): _experiment(name, trained, ways, scale, seed, data)
        for seed in seeds
        for name in METHODS
        for trained in _trained_ways(name, ways, scale)
    }
    records = run_experiments(
        wanted.values(),
        partial(_measure, data=data, official=official, scale=scale),
        out,
        progress,
        code=_CODE,
        inputs={
            "torch": torch.__version__,
            "data": data.digest,
            "official": official.digest if official else None,
            "scale": scale.name,
        },
    )
    found: dict[str, Any] = {}
    for (name, _, seed), experiment in wanted.items():
        for way, record in records[experiment.key].items():
            found.setdefault(name, {}).setdefault(way, {})[str(seed)] = record
    return found


def methods_table(measured: Mapping[str, Any], note: str) -> Table:
    """What `measure_methods` returned. note: on the data."""
    columns = [(shot, within) for shot in SHOTS for within in (False, True)]
    shown = percent("")
    rows = []
    for name, by_way in measured.items():
        for way, by_seed in by_way.items():
            cells = [shown.shown(over_seeds(_accuracies(by_seed.values(), *column))) for column in columns]
            rows.append((name, f"{way}-way", *cells, _official(by_seed.values())))
    return Table(
        "Few-shot methods on one data set",
        ("method", "", *(f"{shot}-shot, {_WHERE[within]}" for shot, within in columns), "official runs"),
        rows,
        "Classes of an episode are from all groups, or within one, such as an alphabet, which is harder. Official "
        "runs: right answers of 400 in Omniglot's one-shot test, 20-way within alphabets. MAML, FOMAML and Reptile "
        f"are transductive: batch norm has the statistics of the episode. {note}",
        labels=2,
    )


def _ways_of(data: FewShotData) -> list[int]:
    """The ways that every split has classes for."""
    fewest, split = min((len(classes.counts), split) for split, classes in data.splits.items())
    if fewest < _WAYS[0]:
        raise ValueError(f"{data.name} has {fewest} classes in {split}; the table of methods needs {_WAYS[0]} and more")
    return [way for way in _WAYS if way <= fewest]


def _trained_ways(name: str, ways: Sequence[int], scale: Scale) -> Sequence[int]:
    """The ways of training: features serve any number of ways, a network to fine-tune its own."""
    return ways if "inner_steps" in scale.learners[METHODS[name]["learner"]] else ways[:1]


def _experiment(name: str, trained: int, ways: Sequence[int], scale: Scale, seed: int, data: FewShotData) -> Experiment:
    # Four poolings leave one pixel of a small image: a narrowed encoder would have too few features to compare methods.
    at_own_widths = replace(scale, widths={})
    config = at_own_widths.configured(METHODS[name], seed, trained, min(data.split("train").counts))
    evaluated = [trained] if config.is_fine_tuned else ways
    return Experiment(f"{name}-{trained}-way-seed-{seed}", {"config": asdict(config), "ways": list(evaluated)})


def _measure(
    experiment: Experiment, folder: Path, *, data: FewShotData, official: OmniglotRuns | None, scale: Scale
) -> Record:
    config = FewShotConfig.from_record(experiment.settings["config"])
    with Progress(quiet=True) as progress:
        run_few_shot(config, data, folder / RUN, progress, resume=True)
        run = load_run(folder / RUN)
        return {str(way): _evaluated(run, way, data, official, scale, progress) for way in experiment.settings["ways"]}


def _evaluated(
    run: FewShotRun, way: int, data: FewShotData, official: OmniglotRuns | None, scale: Scale, progress: Progress
) -> Record:
    classes = data.split("test")
    sizes = [classes.groups.count(group) for group in set(classes.groups)]
    evaluations = []
    for within in (False, True) if max(sizes, default=0) >= way else (False,):
        for shape in held_out_shapes(data, "test", way):
            test = EpisodeTest(
                way=way,
                shots=(shape.shot,),
                query=shape.query,
                episodes=scale.tuned_episodes if run.config.is_fine_tuned else scale.episodes,
                within=within,
            )
            (found,) = evaluate_run(run, data, test, None, progress)
            del found["accuracies"]
            evaluations.append(found)
    record: Record = {"evaluations": evaluations}
    if official is not None and way == OFFICIAL_WAYS:
        record["official"] = evaluate_official(run, official)
    return record


def _accuracies(records: Any, shot: int, within: bool) -> list[float]:
    return [
        100 * one["mean"]
        for record in records
        for one in record["evaluations"]
        if (one["shot"], one["within_groups"]) == (shot, within)
    ]


def _official(records: Any) -> str:
    right = [record["official"]["right"] for record in records if "official" in record]
    return f"{fmean(right):g} of 400" if right else ""
