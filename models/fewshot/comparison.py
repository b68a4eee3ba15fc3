"""A run on test episodes, alone or against another run on the same ones."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

from torch import Tensor

from models.backbones.batch_norm import BatchNormMode
from models.fewshot.class_images import FewShotData
from models.fewshot.episodes import Episodes, EpisodeShape
from models.fewshot.evaluators import Evaluator
from models.fewshot.learners import evaluator_of
from models.fewshot.run import FewShotRun
from models.fewshot.settings import HeadName
from models.fewshot.statistics import estimate, paired_difference
from models.progress import Progress


@dataclass(frozen=True, kw_only=True)
class EpisodeTest:
    """Episodes to evaluate on.

    support_from: see `Episodes`. head, batch_norm: None for the run's own. allow_seen: whether classes may be training
    classes. Raises ValueError for no number of shots, and for fewer than two episodes, which have no standard error.
    """

    split: str = "test"
    way: int = 5
    shots: tuple[int, ...] = (1, 5)
    query: int = 15
    episodes: int = 10_000
    within: bool = False
    support_from: tuple[str, ...] = ()
    seed: int = 2
    head: HeadName | None = None
    batch_norm: BatchNormMode | None = None
    allow_seen: bool = False

    def __post_init__(self) -> None:
        if not self.shots:
            raise ValueError("there is no number of shots to evaluate; name one or more")
        if self.episodes < 2:
            raise ValueError(f"number of episodes is {self.episodes}; allowed are 2 and more, for a standard error")


def evaluate_run(
    run: FewShotRun, data: FewShotData, test: EpisodeTest, against: FewShotRun | None, progress: Progress
) -> list[dict[str, Any]]:
    """The accuracy for each number of shots, as plain JSON values, with those of all episodes.

    against: another run, whose paired difference on the same episodes is reported. Raises ValueError if the images do
    not fit a run, if it was trained on their classes and `allow_seen` is not set, and if there are too few.
    """
    runs = [run] if against is None else [run, against]
    seen = [one.check(data, test.split, allow_seen=test.allow_seen) for one in runs]
    drawn = [
        Episodes(data, test.split, EpisodeShape(test.way, shot, test.query), test.seed, test.within, test.support_from)
        for shot in test.shots
    ]
    heads: list[HeadName] = [test.head or one.config.head_name for one in runs]
    for one, head in zip(runs, heads, strict=True):
        check_ways(one, head, test.way)
    evaluators = [_evaluator(one, data, test, head) for one, head in zip(runs, heads, strict=True)]
    return [_evaluated(runs, heads, evaluators, episodes, test, seen, progress) for episodes in drawn]


def check_ways(run: FewShotRun, head: HeadName, way: int) -> None:
    """Raises ValueError if a network is to be fine-tuned whose outputs are not as many as the ways."""
    if head == "fine-tuning" and run.config.is_fine_tuned and run.config.way != way:
        raise ValueError(
            f"{run.folder} has {run.config.way} outputs, one for each way that it was trained with; fine-tuning keeps "
            f"them, so {way}-way episodes do not fit"
        )


def _evaluator(run: FewShotRun, data: FewShotData, test: EpisodeTest, head: HeadName) -> tuple[Evaluator, FewShotData]:
    """The evaluation of a run on the data, normalised as the run takes it."""
    normalised = data.normalised_by(run.mean, run.std)
    with _naming(run):
        return evaluator_of(run.config, run.network, normalised, test.split, head, test.batch_norm), normalised


@contextmanager
def _naming(run: FewShotRun) -> Iterator[None]:
    """Names the run in the message of a ValueError."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{run.folder}: {error}") from error


def _evaluated(
    runs: list[FewShotRun],
    heads: list[HeadName],
    evaluators: list[tuple[Evaluator, FewShotData]],
    episodes: Episodes,
    test: EpisodeTest,
    seen: list[int],
    progress: Progress,
) -> dict[str, Any]:
    found = []
    for run, (evaluator, data) in zip(runs, evaluators, strict=True):
        with _naming(run):
            found.append(evaluator.accuracies(replace(episodes, data=data), test.episodes, progress))
    record = {
        "data": episodes.data.name,
        "split": test.split,
        **asdict(episodes.shape),
        "within_groups": test.within,
        "support_from": sorted(set(test.support_from)),
        "classes": len(episodes.drawn),
        "classes_left_out": len(episodes.classes.counts) - len(episodes.drawn),
        "seed": test.seed,
        "episodes": test.episodes,
        "episode_digest": episodes.digest(test.episodes),
        **_figures(heads[0], evaluators[0][0], seen[0], found[0]),
    }
    if len(runs) > 1:
        record["against"] = {
            "run": str(runs[1].folder),
            **_figures(heads[1], evaluators[1][0], seen[1], found[1]),
            "difference": paired_difference(found[0], found[1]).record,
        }
    return record


def _figures(head: HeadName, evaluator: Evaluator, seen: int, accuracies: Tensor) -> dict[str, Any]:
    """The part of the record that is about one run."""
    return {
        "batch_norm": evaluator.batch_norm,
        "head": head,
        "seen_classes": seen,
        **estimate(accuracies).record,
        "accuracies": accuracies.tolist(),
    }
