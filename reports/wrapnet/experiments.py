"""Trains what the tables of chapter 2 compare, at a chosen scale, several rows at a time."""

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import nn

from models.data.images import ImageData, Split
from models.data.sources import ImageSource
from models.files import write_text
from models.progress import Progress
from models.quantization.accumulators import Packing
from models.quantization.layers import quantized_layers
from models.wrapnet.evaluation import Evaluation, evaluate
from models.wrapnet.settings import WrapNetConfig
from models.wrapnet.shared_words import calibrate, carry_statistics
from models.wrapnet.training import WrapNetTraining
from reports.records.kept import kept
from reports.wrapnet.published import Method, Row, TrainingTable


@dataclass(frozen=True)
class Scale:
    """How large the networks are and how long they train.

    train_images: how many training images are used, evenly spread; None for all. settings: of every run.
    widths: channels of each network's first layer, if not its own.
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


@dataclass(frozen=True)
class Experiment:
    """One network to train and measure. What tables have in common is one experiment."""

    method: Method
    config: WrapNetConfig

    @property
    def name(self) -> str:
        """Tells experiments apart; names its folder."""
        text = json.dumps([self.method, asdict(self.config)], sort_keys=True)
        return f"{self.method.replace(' ', '-')}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"

    @property
    def family(self) -> str:
        """The same for experiments that share a warm-up, or the stages before: they run one after the other."""
        shared = replace(self.config, penalty=0.0, packing="none" if self.config.packing != "buffer" else "buffer")
        return json.dumps(asdict(shared), sort_keys=True)


def experiment(table: TrainingTable, row: Row, scale: Scale, seed: int) -> Experiment:
    """What to train for a row of a table."""
    settings = _ALWAYS | scale.settings | table.settings | row.changes
    config = WrapNetConfig(width=scale.widths.get(settings["network"]), seed=seed, **settings)
    return Experiment(row.method, config)


def run_experiments(
    experiments: Iterable[Experiment], data: ImageData, scale: Scale, out: Path, progress: Progress
) -> dict[str, dict[str, Any]]:
    """Trains and measures experiments, in parallel where there is no GPU; returns the records by experiment name.

    out: keeps stages and records, so that a run that was killed goes on.
    """
    wanted = {experiment.name: experiment for experiment in experiments}
    data = _thinned(data, scale.train_images)
    for part in (data.train, data.test):
        for tensor in (part.images, part.labels):
            tensor.share_memory_()  # type: ignore[no-untyped-call]
    parents: dict[str, Experiment] = {}
    for method in ("float", "weights"):
        for one in wanted.values():
            if method == "float" or one.method != "float":
                parent = Experiment(method, _parent(one.config, method))
                parents[parent.name] = parent
    phases = [
        _families(parent for parent in parents.values() if parent.method == "float"),
        _families(parent for parent in parents.values() if parent.method == "weights"),
        _families(wanted.values()),
    ]
    records: dict[str, dict[str, Any]] = {}
    task = progress.task("training", sum(len(family) for phase in phases for family in phase))
    workers = 1 if torch.cuda.is_available() else os.cpu_count() or 1
    with ProcessPoolExecutor(workers, torch.multiprocessing.get_context("spawn"), _set_up, (data, workers)) as pool:
        for phase in phases:
            futures = [pool.submit(_run_family, family, out) for family in phase]
            for future in as_completed(futures):
                for name, record in future.result().items():
                    records[name] = record
                    task.advance(note=name)
    return records


def _parent(config: WrapNetConfig, method: Method) -> WrapNetConfig:
    """A configuration whose float or pre-trained network is `config`'s; the settings that do not matter are fixed."""
    plain = WrapNetConfig()
    settings: dict[str, Any] = {
        "penalty": plain.penalty,
        "packing": plain.packing,
        "slope": plain.slope,
        "cyclic_function": plain.cyclic_function,
        "overflow_rate": plain.overflow_rate,
    }
    if not config.weights.startswith("bounded") or method == "float":
        settings |= {"accumulator_bits": plain.accumulator_bits, "activation_bits": None}
    if method == "float":
        settings["weights"] = plain.weights
    return replace(config, **settings)


def _families(experiments: Iterable[Experiment]) -> list[list[Experiment]]:
    """Experiments grouped by family, the largest families first."""
    families: dict[str, list[Experiment]] = defaultdict(list)
    for one in experiments:
        families[one.family].append(one)
    return sorted(families.values(), key=len, reverse=True)


_data: ImageSource


def _set_up(data: ImageSource, workers: int) -> None:
    """Prepares a worker process."""
    global _data
    _data = data
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // workers))


def _run_family(family: list[Experiment], out: Path) -> dict[str, dict[str, Any]]:
    return {one.name: _measured(one, out) for one in family}


def _measured(one: Experiment, out: Path) -> dict[str, Any]:
    folder = out / "runs" / one.name
    inputs: dict[str, Any] = {"method": one.method, "config": asdict(one.config), "torch": torch.__version__}
    inputs |= {"data": _data.digest}
    return kept(folder / "record.json", (), inputs, partial(measure, one, _data, folder, out / "stages"))


def measure(one: Experiment, data: ImageSource, folder: Path, stages: Path) -> dict[str, Any]:
    """Trains an experiment's network and says how it does on held-out images.

    Returns its configuration, accuracy, overflow rate (mean over layers) and median activation bits; for networks
    trained with exact accumulators also the accuracy on wrapping ones; for packed words the carries' mean and
    deviation.
    """
    write_text(folder / "config.json", json.dumps(asdict(one.config), indent=2))
    with Progress(quiet=True) as progress:
        training = WrapNetTraining(one.config, data, folder, progress, stages=stages)
        record: dict[str, Any] = {"method": one.method, "config": asdict(one.config)}
        if one.method == "float":
            return record | {"accuracy": evaluate(training.float_network(), data).accuracy}
        if one.method == "weights":
            return record | {"accuracy": evaluate(training.pretrained(), data).accuracy}
        if one.method in ("exact", "penalized"):
            network = training.exact(one.config.penalty if one.method == "penalized" else 0.0)
            record |= _figures(evaluate(network, data))
            training.configure(network, "quantized", "wrap")
            return record | {"wrapped_accuracy": evaluate(network, data).accuracy}
        network = training.wrapnet()
        if one.method == "carries unprepared":
            images, _ = training.calibration_batch()
            for layer in quantized_layers(network):
                layer.accumulator = replace(layer.accumulator, packing=Packing.CARRIES)
            calibrate(network, images)
        record |= _figures(evaluate(network, data))
        return record | _carries(network, training)


def _figures(accuracy: Evaluation) -> dict[str, Any]:
    return {
        "accuracy": accuracy.accuracy,
        "overflow_rate": sum(accuracy.overflow_rates) / len(accuracy.overflow_rates),
        "activation_bits": median(accuracy.activation_bits),
    }


def _carries(network: nn.Module, training: WrapNetTraining) -> dict[str, Any]:
    carrying = [layer for layer in quantized_layers(network) if layer.accumulator.packing is Packing.CARRIES]
    if not carrying:
        return {}
    images, _ = training.calibration_batch()
    statistics = [carry_statistics(network, layer, images) for layer in carrying]
    return {
        "carry_layers": len(carrying),
        "carry_mean": sum(one.mean for one in statistics) / len(carrying),
        "carry_deviation": sum(one.deviation for one in statistics) / len(carrying),
    }


def _thinned(data: ImageData, count: int | None) -> ImageData:
    """The data with `count` training images, evenly spread."""
    if count is None or count >= data.train_count:
        return data
    chosen = torch.linspace(0, data.train_count - 1, count).long()
    return replace(data, train=Split(data.train.images[chosen], data.train.labels[chosen]))
