"""A run on test episodes, alone or against another run on the same ones."""

from dataclasses import asdict, dataclass
from typing import Any

from torch import Tensor

from models.fewshot.class_images import FewShotData
from models.fewshot.episodes import Episodes, EpisodeShape
from models.fewshot.evaluation import embed, episode_accuracies
from models.fewshot.learners import HEADS
from models.fewshot.run import FewShotRun
from models.fewshot.settings import HeadName
from models.fewshot.statistics import estimate, paired_difference
from models.progress import Progress


@dataclass(frozen=True, kw_only=True)
class EpisodeTest:
    """Episodes to evaluate on. head: None for the run's own. allow_seen: whether classes may be training classes."""

    split: str = "test"
    way: int = 5
    shots: tuple[int, ...] = (1, 5)
    query: int = 15
    episodes: int = 10_000
    within: bool = False
    seed: int = 2
    head: HeadName | None = None
    allow_seen: bool = False


def evaluate_run(
    run: FewShotRun, data: FewShotData, test: EpisodeTest, against: FewShotRun | None, progress: Progress
) -> list[dict[str, Any]]:
    """The accuracy for each number of shots, as plain JSON values, with those of all episodes.

    against: another run, whose paired difference on equal episodes is told. Raises ValueError if the images do not fit
    a run, it was trained on their classes and `allow_seen` is not set, or there are too few.
    """
    runs = [run] if against is None else [run, against]
    seen = [one.check(data, test.split, allow_seen=test.allow_seen) for one in runs]
    drawn = [
        Episodes(data, test.split, EpisodeShape(test.way, shot, test.query), test.seed, test.within)
        for shot in test.shots
    ]
    features = [embed(one.encoder, data.normalised_by(one.mean, one.std), test.split) for one in runs]
    return [_evaluated(runs, features, episodes, test, seen, progress) for episodes in drawn]


def _evaluated(
    runs: list[FewShotRun],
    features: list[Tensor],
    episodes: Episodes,
    test: EpisodeTest,
    seen: list[int],
    progress: Progress,
) -> dict[str, Any]:
    heads: list[HeadName] = [test.head or run.config.head_name for run in runs]
    found = [
        episode_accuracies(embedded, episodes, test.episodes, HEADS[head], progress)
        for embedded, head in zip(features, heads, strict=True)
    ]
    record = {
        "data": episodes.data.name,
        "split": test.split,
        **asdict(episodes.shape),
        "within_groups": test.within,
        "seed": test.seed,
        "episodes": test.episodes,
        "episode_digest": episodes.digest(test.episodes),
        "batch_norm": "running",
        "head": heads[0],
        "seen_classes": seen[0],
        **estimate(found[0]).record,
        "accuracies": found[0].tolist(),
    }
    if len(runs) > 1:
        record["against"] = {
            "run": str(runs[1].folder),
            "head": heads[1],
            "seen_classes": seen[1],
            **estimate(found[1]).record,
            "difference": paired_difference(found[0], found[1]).record,
        }
    return record
