"""Few-shot accuracy of an encoder's features, by the heads and on the episodes of models/fewshot."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from torch import Tensor, nn
from torch.nn.functional import normalize

from models.fewshot.class_images import FewShotData
from models.fewshot.comparison import EpisodeTest
from models.fewshot.evaluation import embed, episode_accuracies
from models.fewshot.evaluators import HEADS
from models.fewshot.statistics import estimate
from models.progress import Progress

_DEFAULT_HEAD = "ridge"
_TEMPERATURE = 0.1


def head_of_test(test: EpisodeTest) -> str:
    """The head that classifies a test's episodes: ridge if it names none.

    Raises ValueError for a head that does not work on frozen features.
    """
    name = test.head or _DEFAULT_HEAD
    if name not in HEADS:
        raise ValueError(f"head is {name}; of a self-supervised encoder, allowed are {', '.join(HEADS)}")
    return name


def probe_few_shot(
    encoder: nn.Module, data: FewShotData, test: EpisodeTest, progress: Progress
) -> Iterator[dict[str, Any]]:
    """The accuracy for each number of shots, as plain JSON values.

    data: with images of the size that the encoder takes, normalised for it. Features have norm 1 and are divided by the
    root of 0.1, as those of R2-D2 in training, so the ridge head's coefficient means the same for every encoder. Raises
    ValueError for other heads, and if classes or images are too few.
    """
    head = head_of_test(test)
    episodes = test.drawn(data)
    features = _scaled(embed(encoder, data, test.split, progress))
    for drawn in episodes:
        accuracies = episode_accuracies(features, drawn, test.episodes, HEADS[head], progress)
        yield {
            **asdict(drawn.shape),
            "head": head,
            "split": test.split,
            "within_groups": test.within,
            "episodes": test.episodes,
            "episode_seed": test.seed,
            "episode_digest": drawn.digest(test.episodes),
            "data": data.name,
            "data_digest": data.digest,
            **estimate(accuracies).record,
        }


def _scaled(features: Tensor) -> Tensor:
    scaled: Tensor = normalize(features, dim=1) / _TEMPERATURE**0.5
    return scaled
