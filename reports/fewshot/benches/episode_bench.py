"""Evaluation on episodes: each test image embedded once, beside loops that embed every episode's images."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from models.backbones.encoder import Encoder
from models.fewshot.episodes import Episodes, EpisodeShape
from models.fewshot.evaluation import embed, episode_accuracies
from models.fewshot.evaluators import HEADS
from models.progress import Progress
from models.training.seeds import check_seed
from reports.bench.contenders import Call, Timing, one_thread
from reports.bench.device import DeviceName, chosen_device, described, finished
from reports.bench.in_turn import check_count, in_turn
from reports.bench.rows import Comparison, Row, bench_record, compared
from reports.fewshot.benches import easyfsl_peer
from reports.fewshot.benches.bench_data import bench_data, frozen_encoder
from reports.fewshot.benches.embedding_loop import looped_accuracies
from reports.records.provenance import machine, tool_versions

ONCE = "each image embedded once"
LOOP = "loop over episodes"
EASYFSL = easyfsl_peer.NAME

_IMAGES = 60  # of each of the 20 test classes
_SPLIT = "test"

_Evaluation = Callable[[int], float]
"""Mean accuracy over the first so many episodes."""


def _fastest_peer(milliseconds: Mapping[str, float]) -> str:
    return min(milliseconds.keys() - {ONCE}, key=milliseconds.__getitem__)


TO_PEER = Comparison(key="ratio_to_peer", reference=_fastest_peer, speedup=True)
"""How many times as fast as the fastest evaluation that embeds every episode's images."""


def bench_episodes(
    counts: Sequence[int] = (1000, 10_000),
    heads: Sequence[str] = ("prototype", "ridge", "svm"),
    sides: Sequence[int] = (32, 84),
    width: int | None = None,
    looped: int = 20,
    rounds: int = 3,
    seed: int = 0,
    device: DeviceName = "auto",
    with_easyfsl: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Measures evaluation on 5-way 1-shot episodes with 15 queries a class, of 20 classes with 60 images each.

    The encoder is that of MAML, four blocks of 32 channels, untrained. Contenders take turns; the median counts. Each
    contender starts from the images, and all classify the same episodes.

    counts: numbers of episodes. heads: names in models.fewshot.evaluators.HEADS. sides: of the images, in pixels.
    width: channels of the encoder; None for 32. looped: episodes that the loops are measured on; their times are scaled
    to `counts`, episode by episode. with_easyfsl: also easyfsl's evaluation of Prototypical Networks.

    Returns `rows`, a dictionary per head, number of episodes, side and contender: `milliseconds`, `ratio_to_peer`,
    `episodes_per_second`, `measured_episodes`, and `accuracy`, the mean over the first `looped` episodes; further
    `rounds`, `device`, `tools` and `machine`. Raises ValueError for settings that are not allowed, or if easyfsl is
    wanted and not installed.
    """
    check_seed(seed)
    for name, value in (("looped", looped), ("rounds", rounds), *(("episodes", count) for count in counts)):
        check_count(name, value)
    unknown = [head for head in heads if head not in HEADS]
    if unknown:
        raise ValueError(f"head is {unknown[0]!r}; allowed are {', '.join(HEADS)}")
    versions = {EASYFSL: easyfsl_peer.installed_version()} if with_easyfsl else {}
    place = chosen_device(device)
    timing = Timing(warm_up_calls=0, warm_up_seconds=0, wait=finished(place))
    rows: list[Row] = []
    with progress or Progress(quiet=True) as shown, one_thread():
        task = shown.task("rounds", len(sides) * len(heads) * (1 + rounds))
        for side in sides:
            data = bench_data(side, _IMAGES, seed).to(place)
            episodes = Episodes(data, _SPLIT, EpisodeShape(), seed)
            encoder = frozen_encoder("4x32", data, width, seed)
            for head in heads:
                evaluations = _evaluations(encoder, episodes, head, with_easyfsl)
                accuracies = {name: evaluate(looped) for name, evaluate in evaluations.items()}  # and warms up
                task.advance(note=f"{head}, {side} x {side}")
                contenders = _contenders(evaluations, counts, looped)
                medians = in_turn(contenders, rounds, task.advance, timing).medians()
                for count in counts:
                    title = f"{head}, {side} x {side}, {count} episodes"
                    rows += _rows(title, count, looped, medians, accuracies)
        used = described(place)
    return bench_record(rows, TO_PEER, tool_versions() | versions, machine(), device=used, rounds=rounds)


def _evaluations(encoder: Encoder, episodes: Episodes, head: str, with_easyfsl: bool) -> dict[str, _Evaluation]:
    """The contenders of a head, by name."""

    def embedded_once(count: int) -> float:
        features = embed(encoder, episodes.data, episodes.split)
        return float(episode_accuracies(features, episodes, count, HEADS[head]).mean())

    def looped(count: int) -> float:
        return float(looped_accuracies(encoder, episodes, count, HEADS[head]).mean())

    found: dict[str, _Evaluation] = {ONCE: embedded_once, LOOP: looped}
    if with_easyfsl and head == "prototype":
        found[EASYFSL] = partial(easyfsl_peer.easyfsl_accuracy, encoder, episodes)
    return found


def _contenders(evaluations: Mapping[str, _Evaluation], counts: Sequence[int], looped: int) -> dict[str, Call]:
    """What is measured: the loops on some episodes, and the reuse of features on every number of them."""
    contenders: dict[str, Call] = {_once(count): partial(evaluations[ONCE], count) for count in counts}
    return contenders | {name: partial(call, looped) for name, call in evaluations.items() if name != ONCE}


def _rows(
    title: str, count: int, looped: int, medians: Mapping[str, float], accuracies: Mapping[str, float]
) -> list[Row]:
    milliseconds = {
        name: medians[_once(count)] if name == ONCE else medians[name] * count / looped for name in accuracies
    }
    figures: dict[str, dict[str, float | int | str]] = {
        name: {
            "episodes": count,
            "measured_episodes": count if name == ONCE else looped,
            "episodes_per_second": count / time * 1e3,
            "accuracy": accuracies[name],
        }
        for name, time in milliseconds.items()
    }
    return compared(title, milliseconds, TO_PEER, figures)


def _once(count: int) -> str:
    return f"{ONCE}, {count} episodes"
