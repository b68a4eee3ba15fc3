"""Few-shot accuracy of an encoder's features, by the heads and on the episodes of models/fewshot."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from torch import Tensor, nn
from torch.nn.functional import normalize

from models.fewshot.class_images import FewShotData
from models.fewshot.episodes import Episodes, EpisodeShape
from models.fewshot.evaluation import embed, episode_accuracies
from models.fewshot.evaluators import HEADS
from models.fewshot.statistics import estimate
from models.progress import Progress

_DEFAULT_HEAD = "ridge"
_TEMPERATURE = 0.1


@dataclass(frozen=True, kw_only=True)
class FewShotProbe:
    """Episodes and a head to classify them by features.

    split: of the classes. shots: numbers of support images of a class, each evaluated by itself. episodes: how many.
    head: None for ridge. Raises ValueError for a head that is not on frozen features, and fewer than 2 episodes.
    """

    split: str = "test"
    way: int = 5
    shots: tuple[int, ...] = (1, 5)
    query: int = 15
    episodes: int = 10_000
    within: bool = False
    seed: int = 2
    head: str | None = None

    def __post_init__(self) -> None:
        if self.head_name not in HEADS:
            raise ValueError(f"head is {self.head}; of a self-supervised encoder, allowed are {', '.join(HEADS)}")
        if self.episodes < 2:
            raise ValueError(f"number of episodes is {self.episodes}; allowed are 2 and more, for a standard error")
        if not self.shots:
            raise ValueError("there is no number of shots to evaluate; name one or more")

    @property
    def head_name(self) -> str:
        """The head."""
        return self.head or _DEFAULT_HEAD

    def drawn(self, data: FewShotData) -> list[Episodes]:
        """The episodes for each number of shots. Raises ValueError if classes or images are too few."""
        shapes = [EpisodeShape(self.way, shot, self.query) for shot in self.shots]
        return [Episodes(data, self.split, shape, self.seed, self.within) for shape in shapes]


def probe_few_shot(
    encoder: nn.Module, data: FewShotData, probe: FewShotProbe, progress: Progress
) -> Iterator[dict[str, Any]]:
    """The accuracy for each number of shots, as plain JSON values.

    data: with images of the size that the encoder takes, normalised for it. Features have norm 1 and are divided by the
    root of 0.1, as those of R2-D2 in training, so the ridge head's coefficient means the same for every encoder.
    """
    episodes = probe.drawn(data)
    features = _scaled(embed(encoder, data, probe.split, progress))
    for drawn in episodes:
        accuracies = episode_accuracies(features, drawn, probe.episodes, HEADS[probe.head_name], progress)
        yield {
            **asdict(drawn.shape),
            "head": probe.head_name,
            "split": probe.split,
            "episodes": probe.episodes,
            "episode_seed": probe.seed,
            "episode_digest": drawn.digest(probe.episodes),
            "data": data.name,
            "data_digest": data.digest,
            **estimate(accuracies).record,
        }


def _scaled(features: Tensor) -> Tensor:
    scaled: Tensor = normalize(features, dim=1) / _TEMPERATURE**0.5
    return scaled
