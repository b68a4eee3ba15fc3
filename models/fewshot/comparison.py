"""A run on test episodes, alone or against another run on the same ones."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from torch import Tensor

from models.backbones.batch_norm import BatchNormMode
from models.fewshot.class_images import FewShotData
from models.fewshot.ensembles import Ensemble
from models.fewshot.episodes import Episodes, EpisodeShape
from models.fewshot.evaluators import Evaluator, evaluator_of
from models.fewshot.run import FewShotRun
from models.fewshot.settings import HeadName
from models.fewshot.snapshots import load_snapshots
from models.fewshot.statistics import estimate, paired_difference
from models.progress import Progress

Normalisation = Literal["run", "data"]
"""Whose training classes images are normalised by: those of the run, or those of the data set that they are from."""


@dataclass(frozen=True)
class Variant:
    """How a run is evaluated.

    ensemble: whether by the mean of its snapshots' logits. flip_shots: whether the mirror image of each support image
    is another shot.
    """

    ensemble: bool = False
    flip_shots: bool = False


@dataclass(frozen=True, kw_only=True)
class EpisodeTest:
    """Episodes to evaluate on.

    support_from: see `Episodes`. head, batch_norm: None for the run's own. variants: of the run, and of the one that it
    is compared with. allow_seen: whether classes may be training classes.

    Raises ValueError for no number of shots, and for fewer than two episodes, which have no standard error.
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
    variants: tuple[Variant, Variant] = (Variant(), Variant())
    normalisation: Normalisation = "run"
    allow_seen: bool = False

    def __post_init__(self) -> None:
        if not self.shots:
            raise ValueError("there is no number of shots to evaluate; name one or more")
        if self.episodes < 2:
            raise ValueError(f"number of episodes is {self.episodes}; allowed are 2 and more, for a standard error")

    def drawn(self, data: FewShotData) -> list[Episodes]:
        """The episodes for each number of shots. Raises ValueError if classes or images are too few."""
        shapes = [EpisodeShape(self.way, shot, self.query) for shot in self.shots]
        return [Episodes(data, self.split, one, self.seed, self.within, self.support_from) for one in shapes]


def evaluate_run(
    run: FewShotRun, data: FewShotData, test: EpisodeTest, against: FewShotRun | None, progress: Progress
) -> list[dict[str, Any]]:
    """The accuracy for each number of shots, as plain JSON values, with those of all episodes.

    against: another run, whose paired difference on the same episodes is reported. Raises ValueError if the images do
    not fit a run, if it was trained on their classes and `allow_seen` is not set, and if there are too few.
    """
    runs = [run] if against is None else [run, against]
    seen = [one.check(data, test.split, allow_seen=test.allow_seen) for one in runs]
    drawn = test.drawn(data)
    for one in runs:
        check_ways(one, test.head or one.config.head_name, test.way)
    contenders = [
        _contender(one, data, test, variant, count)
        for one, variant, count in zip(runs, test.variants, seen, strict=False)
    ]
    return [_evaluated(contenders, episodes, test, progress) for episodes in drawn]


def check_ways(run: FewShotRun, head: HeadName, way: int) -> None:
    """Raises ValueError if a network is to be fine-tuned whose outputs are not as many as the ways."""
    if head == "fine-tuning" and run.config.is_fine_tuned and run.config.way != way:
        raise ValueError(
            f"{run.folder} has {run.config.way} outputs, one for each way that it was trained with; fine-tuning keeps "
            f"them, so {way}-way episodes do not fit"
        )


@dataclass(frozen=True)
class _Contender:
    """A run ready to be evaluated. data: normalised for it. about: the part of the record that is about it."""

    run: FewShotRun
    data: FewShotData
    evaluator: Evaluator
    about: Mapping[str, Any]


def _contender(run: FewShotRun, data: FewShotData, test: EpisodeTest, variant: Variant, seen: int) -> _Contender:
    """seen: classes of the split that the run was trained on."""
    normalised = data.normalised_by(run.mean, run.std) if test.normalisation == "run" else data
    head = test.head or run.config.head_name
    snapshots = load_snapshots(run) if variant.ensemble else []
    network = Ensemble(snapshots) if snapshots else run.network
    with _naming(run):
        evaluator = evaluator_of(
            run.config, network, normalised, test.split, head, test.batch_norm, flip_shots=variant.flip_shots
        )
    about = {
        "batch_norm": evaluator.batch_norm,
        "head": head,
        "snapshots": len(snapshots),
        "flip_shots": variant.flip_shots,
        "seen_classes": seen,
    }
    return _Contender(run, normalised, evaluator, about)


@contextmanager
def _naming(run: FewShotRun) -> Iterator[None]:
    """Names the run in the message of a ValueError."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{run.folder}: {error}") from error


def _evaluated(
    contenders: Sequence[_Contender], episodes: Episodes, test: EpisodeTest, progress: Progress
) -> dict[str, Any]:
    found = []
    for one in contenders:
        with _naming(one.run):
            found.append(one.evaluator.accuracies(replace(episodes, data=one.data), test.episodes, progress))
    record = {
        "data": episodes.data.name,
        "split": test.split,
        **asdict(episodes.shape),
        "within_groups": test.within,
        "support_from": sorted(set(test.support_from)),
        "classes": len(episodes.drawn),
        "classes_without_turned": sum(not episodes.classes.is_turned[one] for one in episodes.drawn),
        "classes_left_out": len(episodes.classes.counts) - len(episodes.drawn),
        "seed": test.seed,
        "episodes": test.episodes,
        "episode_digest": episodes.digest(test.episodes),
        "normalised_by": test.normalisation,
        **contenders[0].about,
        **_figures(found[0]),
    }
    if len(contenders) > 1:
        record["against"] = {
            "run": str(contenders[1].run.folder),
            **contenders[1].about,
            **_figures(found[1]),
            "difference": paired_difference(found[0], found[1]).record,
        }
    return record


def _figures(accuracies: Tensor) -> dict[str, Any]:
    return {**estimate(accuracies).record, "accuracies": accuracies.tolist()}
