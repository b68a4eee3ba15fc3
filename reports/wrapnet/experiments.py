"""The experiments of chapter 2's tables at a chosen scale: what each trains, and what it starts from."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from models.data.images import ImageData, Split
from models.progress import Progress
from models.quantization.formats import Bounded, parse_weight_format
from models.wrapnet.settings import WrapNetConfig
from reports.records.experiments import Experiment, Record, run_experiments
from reports.wrapnet.measure import measure
from reports.wrapnet.training_tables import Method, Row, TrainingTable

_CODE = ("models", "reports/wrapnet/measure.py")


@dataclass(frozen=True)
class Scale:
    """The size of the networks and the length of their training.

    train_images: number of training images, evenly spread over the data set; None for all. settings: of every run.
    widths: channels of a network's first layer, where they differ from its own.
    """

    name: str
    train_images: int | None
    settings: dict[str, Any]
    widths: dict[str, int] = field(default_factory=dict)


_ALWAYS: dict[str, Any] = {"network": "vgg7", "penalty": 0.0, "shift": 4, "flip": True, "batch_size": 100}

SCALES = {
    "small": Scale("small", 12_500, {"epochs": 2, "pretrain_epochs": 8}, {"vgg7": 16, "resnet20": 8}),
    "paper": Scale("paper", None, {"epochs": 200, "schedule": "cifar"}),
}
"""The scales by name: `small` takes about an hour for all tables on two cores, `paper` is the dissertation's."""


def row_experiment(table: TrainingTable, row: Row, scale: Scale, seed: int) -> Experiment:
    """The experiment behind a row of a table. Rows of several tables may share one."""
    settings = _ALWAYS | scale.settings | table.settings | row.changes
    config = WrapNetConfig(width=scale.widths.get(settings["network"]), seed=seed, **settings)
    return network_experiment(row.method, config)


def network_experiment(method: Method, config: WrapNetConfig) -> Experiment:
    """Trains and measures a configuration's network; the parents are the networks it starts from."""
    settings = {"method": method, "config": asdict(config)}
    digest = hashlib.sha256(json.dumps([method, settings["config"]], sort_keys=True).encode()).hexdigest()[:10]
    return Experiment(f"{method.replace(' ', '-')}-{digest}", settings, _parents(method, config), _family(config))


def run_networks(
    experiments: Iterable[Experiment], data: ImageData, scale: Scale, out: Path, progress: Progress
) -> dict[str, Record]:
    """Trains and measures networks; returns the records by key. A killed run resumes from what `out` keeps."""
    data = _thinned(data, scale.train_images)
    for part in (data.train, data.test):
        for tensor in (part.images, part.labels):
            tensor.share_memory_()  # type: ignore[no-untyped-call]
    return run_experiments(
        experiments,
        partial(measure, data=data, stages=out / "stages"),
        out,
        progress,
        code=_CODE,
        inputs={"torch": torch.__version__, "data": data.digest},
    )


def _parents(method: Method, config: WrapNetConfig) -> tuple[Experiment, ...]:
    """The network that an experiment starts from: a float one for quantized weights, quantized weights for the rest."""
    if method in ("float", "weights"):
        plain = _plain(config, method)
        if plain != config:
            return (network_experiment(method, plain),)
        return () if method == "float" else (network_experiment("float", _plain(config, "float")),)
    return (network_experiment("weights", _plain(config, "weights")),)


def _plain(config: WrapNetConfig, method: Method) -> WrapNetConfig:
    """The configuration with every setting that its float or pre-trained network does not depend on at its default."""
    default = WrapNetConfig()
    settings: dict[str, Any] = {
        "penalty": default.penalty,
        "packing": default.packing,
        "slope": default.slope,
        "cyclic_function": default.cyclic_function,
        "overflow_rate": default.overflow_rate,
    }
    if not isinstance(parse_weight_format(config.weights), Bounded) or method == "float":
        settings |= {"accumulator_bits": default.accumulator_bits, "activation_bits": None}
    if method == "float":
        settings |= {"weights": default.weights, "edges": default.edges}
    return replace(config, **settings)


def _family(config: WrapNetConfig) -> str:
    """The same for experiments that share a warm-up or an earlier stage."""
    shared = replace(config, penalty=0.0, packing="none" if config.packing != "buffer" else "buffer")
    return json.dumps(asdict(shared), sort_keys=True)


def _thinned(data: ImageData, count: int | None) -> ImageData:
    """The data with `count` training images, evenly spread."""
    if count is None or count >= data.train_count:
        return data
    chosen = torch.linspace(0, data.train_count - 1, count).long()
    return replace(data, train=Split(data.train.images[chosen], data.train.labels[chosen]))
