"""What the regularizers R_FC and R_HV add to a step of classical training."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from models.fewshot.class_images import FewShotData
from models.fewshot.class_pairs import ClassPairs
from models.fewshot.classical import ClassicalTraining, Regularizer
from models.fewshot.config import FewShotConfig
from models.fewshot.learners import REGULARIZERS, build_method, build_network
from models.fewshot.settings import EncoderName, RegularizerName
from models.progress import Progress
from models.training.seeds import check_seed
from reports.bench.contenders import Call, Timing, one_thread
from reports.bench.device import DeviceName, chosen_device, described, finished
from reports.bench.in_turn import check_count, in_turn
from reports.bench.rows import Comparison, Row, bench_record, compared
from reports.fewshot.benches.bench_data import bench_data
from reports.fewshot.training_step import train
from reports.records.provenance import machine, tool_versions

PLAIN = "none"

TO_PLAIN = Comparison(key="ratio_to_none", reference=lambda _: PLAIN)
"""The time of a step over that of a step without regularizer."""

NETWORKS: tuple[tuple[EncoderName, int], ...] = (("cnn4", 32), ("resnet12", 32), ("4x32", 32), ("4x32", 16))
"""The encoders that are measured, each with the side of its images in pixels."""

_IMAGES = 20  # of each class
_LEARNING_RATE = 1e-3  # so that the features of repeated steps stay finite


def bench_regularizers(
    networks: Sequence[tuple[EncoderName, int]] = NETWORKS,
    pairs: int = 32,
    width: int | None = None,
    rounds: int = 7,
    seed: int = 0,
    device: DeviceName = "auto",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Measures a step of classical training (forward, loss, backward, SGD) without and with each regularizer.

    The contenders of a network take turns; the median counts. Each regularizer, with its gradient by the features, is
    also measured alone: in long steps of large networks, the noise of a shared machine exceeds what it adds.

    networks: encoders, each with the side of its images in pixels. pairs: of classes in a batch, four images each.
    width: channels of the encoders' first layer; None for their own.

    Returns `rows`, a dictionary per network and regularizer: `milliseconds`, `ratio_to_none`, and
    `alone_milliseconds` with `alone_ratio_to_none`; further `rounds`, `images`, those of a step, `device`, `tools` and
    `machine`. Raises ValueError for settings that are not allowed.
    """
    check_seed(seed)
    for name, value in (("pairs", pairs), ("rounds", rounds)):
        check_count(name, value)
    place = chosen_device(device)
    timing = Timing(warm_up_calls=0, warm_up_seconds=0, wait=finished(place))
    rows: list[Row] = []
    with progress or Progress(quiet=True) as shown, one_thread():
        task = shown.task("rounds", len(networks) * rounds)
        for encoder, side in networks:
            data = bench_data(side, _IMAGES, seed).to(place)
            contenders: dict[str, Call] = {}
            for name, regularizer in REGULARIZERS.items():
                method = classical_training(_config(encoder, name, width, seed), data, pairs)
                contenders[name] = partial(train, method, method.pairs.batch(0))
                if regularizer is not None:
                    features = torch.randn(pairs, 2, 2, method.encoder.features_dim, device=place, requires_grad=True)
                    contenders[_alone(name)] = partial(differentiate, regularizer, features)
            for call in contenders.values():
                call()  # the first call takes longer
            medians = in_turn(contenders, rounds, task.advance, timing).medians()
            rows += _rows(f"{encoder}, {side} x {side}", medians)
        used = described(place)
    return bench_record(rows, TO_PLAIN, tool_versions(), machine(), device=used, rounds=rounds, images=4 * pairs)


def classical_training(config: FewShotConfig, data: FewShotData, pairs: int) -> ClassicalTraining:
    """A classical learner in training mode. pairs: of classes in its batches."""
    network = build_network(config, data.shape).to(data.split("train").images.device)
    method = build_method(config, network, data, None)
    assert isinstance(method, ClassicalTraining)
    method.models["network"].train()
    method.pairs = ClassPairs(data, pairs, config.seed)
    return method


def differentiate(regularizer: Regularizer, features: Tensor) -> None:
    """Leaves the regularizer's gradient in the features, a leaf."""
    features.grad = None
    regularizer(features).backward()  # type: ignore[no-untyped-call]


def _rows(title: str, medians: Mapping[str, float]) -> list[Row]:
    steps: dict[str, float] = {name: medians[name] for name in REGULARIZERS}
    figures: dict[str, dict[str, float | int | str]] = {
        name: {
            "alone_milliseconds": medians[_alone(name)],
            "alone_ratio_to_none": medians[_alone(name)] / medians[PLAIN],
        }
        for name in steps
        if name != PLAIN
    }
    return compared(title, steps, TO_PLAIN, figures)


def _alone(name: str) -> str:
    return f"{name} alone"


def _config(encoder: EncoderName, regularizer: RegularizerName, width: int | None, seed: int) -> FewShotConfig:
    return FewShotConfig(
        learner="classical",
        encoder=encoder,
        regularizer=regularizer,
        width=width,
        schedule="steps",
        learning_rate=_LEARNING_RATE,
        seed=seed,
    )
