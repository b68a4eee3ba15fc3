"""What augmentations and Meta-MaxUp add to a training step, in time and memory, and a loop in kornia beside ours."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch

from models.fewshot.augmentation.colours import PixelValues
from models.fewshot.augmentation.soft_episode import SoftEpisode, soft_episode
from models.fewshot.class_images import FewShotData
from models.fewshot.episodes import Episodes, EpisodeShape
from models.progress import Progress
from models.training.seeds import check_seed
from reports.bench.contenders import Call, Timing, one_thread
from reports.bench.device import DeviceName, chosen_device, described, finished
from reports.bench.in_turn import check_count, in_turn
from reports.bench.other_process import called_elsewhere
from reports.bench.rows import Comparison, bench_record, compared
from reports.fewshot.benches import kornia_peer
from reports.fewshot.benches.augment_alone import COMBINATIONS, STANDARD, AugmentationsAlone, features_like
from reports.fewshot.benches.augment_steps import BASELINE, StepSetting, TrainingSteps, step_peak
from reports.records.provenance import machine, tool_versions

FORWARD = "forward pass alone"
WAY = 5

TO_BASELINE = Comparison(key="ratio_to_baseline", reference=lambda _: BASELINE)
"""The time of a step over that of a step without augmentation."""

_DIMENSIONS = 1600  # of features
_MEBIBYTE = 1 << 20
_POOLS = ("cutmix", "single", "medium", "large")
_PEER = f"{kornia_peer.NAME}, "


def bench_augment(
    setting: StepSetting | None = None,
    rounds: int = 9,
    device: DeviceName = "auto",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Measures steps of R2-D2 with and without augmentation, each augmentation alone, and loops over images in kornia.

    All contenders take turns, and the median counts. Memory is that of tensors besides network and data, each figure
    from a process of its own. Without kornia, its loops are left out.

    setting: the training; None for 8 tasks of 32 x 32 pixels on CNN-4.

    Returns `rows`, a dictionary per step: `milliseconds`, `ratio_to_baseline`, and, but for the forward pass alone,
    `peak_mib` and `peak_ratio`; `augmentations`, a dictionary per augmentation: `case`, `milliseconds` and
    `share_of_step`, of the baseline; `peers`, a dictionary per augmentation that kornia has: `case`, `milliseconds`,
    `kornia_milliseconds` and `times_kornia`; further `rounds`, `device`, `setting`, `tools` and `machine`. Raises
    ValueError for settings that are not allowed.
    """
    setting = setting or StepSetting()
    _check(setting, rounds)
    place = chosen_device(device)
    timing = Timing(warm_up_calls=1, warm_up_seconds=0, wait=finished(place))
    with progress or Progress(quiet=True) as shown, one_thread():
        task = shown.task("rounds", rounds)
        data = setting.data.to(place)
        steps = _steps(setting, data)
        alone = _augmentations(setting, data)
        loops = _kornia(setting, data)
        medians = in_turn({**steps, **alone, **loops}, rounds, task.advance, timing).medians()
        used = described(place)
        peaks = _peaks(setting, place, shown)
    baseline = medians[BASELINE]
    milliseconds = {name: medians[name] for name in steps}
    figures = {
        name: {"peak_mib": peak / _MEBIBYTE, "peak_ratio": peak / peaks[BASELINE]} for name, peak in peaks.items()
    }
    version = kornia_peer.installed_version()
    return bench_record(
        compared(f"{setting.encoder}, {setting.side} x {setting.side}", milliseconds, TO_BASELINE, figures),
        TO_BASELINE,
        tool_versions() | ({kornia_peer.NAME: version} if version else {}),
        machine(),
        augmentations=[
            {"case": name, "milliseconds": medians[name], "share_of_step": medians[name] / baseline} for name in alone
        ],
        peers=[_peer(name.removeprefix(_PEER), medians) for name in loops],
        device=used,
        rounds=rounds,
        setting=vars(setting),
    )


def _steps(setting: StepSetting, data: FewShotData) -> dict[str, Call]:
    trainings = {name: TrainingSteps(setting, name, data) for name in setting.augmentations}
    return {**trainings, FORWARD: TrainingSteps(setting, BASELINE, data).forward}


def _augmentations(setting: StepSetting, data: FewShotData) -> dict[str, Call]:
    episode = _episode(setting, data)
    pixels = PixelValues(data.mean, data.std)
    alone = AugmentationsAlone(episode, features_like(episode, _DIMENSIONS, setting.seed), pixels, setting.seed)
    calls = {text: alone.combination(text) for text in COMBINATIONS}
    calls[STANDARD] = alone.standard()
    return calls | {f"{setting.m} candidates of {pool}": alone.candidates(pool, setting.m) for pool in _POOLS}


def _kornia(setting: StepSetting, data: FewShotData) -> dict[str, Call]:
    """Loops over the query images of a batch; none if kornia is not installed."""
    if kornia_peer.installed_version() is None:
        return {}
    images = _episode(setting, data).query.flatten(0, 2)
    pixels = (PixelValues(data.mean, data.std).to_pixels(images) / 255).clamp(0, 1)
    return {f"{_PEER}{name}": call for name, call in kornia_peer.loops(images, pixels).items()}


def _episode(setting: StepSetting, data: FewShotData) -> SoftEpisode:
    """The first batch, with spare classes."""
    shape = EpisodeShape(2 * WAY, setting.shots, setting.queries)
    return soft_episode(Episodes(data, "train", shape, setting.seed).batch(range(setting.tasks)), WAY, 2 * WAY)


def _peer(name: str, medians: Mapping[str, float]) -> dict[str, float | str]:
    ours, loop = medians[name], medians[f"{_PEER}{name}"]
    return {"case": name, "milliseconds": ours, "kornia_milliseconds": loop, "times_kornia": loop / ours}


def _peaks(setting: StepSetting, device: torch.device, progress: Progress) -> dict[str, int]:
    task = progress.task("memory", len(setting.augmentations))
    found = {}
    for name in setting.augmentations:
        found[name] = called_elsewhere(partial(step_peak, setting, name, device))
        task.advance(note=name)
    return found


def _check(setting: StepSetting, rounds: int) -> None:
    check_seed(setting.seed)
    for name in ("tasks", "shots", "queries", "m", "side"):
        check_count(name, getattr(setting, name))
    check_count("rounds", rounds)
