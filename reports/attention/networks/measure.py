"""Trains a network of the tables, and measures it on held-out data."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.attention.backbones.loading import load_weights
from models.attention.training.classify import build_network, evaluation_batches
from models.attention.training.config import LsaConfig
from models.attention.training.initial import read_initial
from models.attention.training.run import LsaRun, load_run, run_lsa
from models.attention.training.tasks import task_of
from models.data.sources import ImageSource
from models.progress import Progress
from models.training.evaluation import evaluate_on
from models.training.execution import Execution
from reports.attention.networks.sets import Sets
from reports.claims.rightness import packed
from reports.records.experiments import Experiment, Record

RUN = "run"
"""The folder of a network's run, in that of its experiment."""


class _Right:
    """Whether each image is classified right, a Meter."""

    def __init__(self) -> None:
        self.found: list[Tensor] = []

    def update(self, outputs: Tensor, labels: Tensor) -> None:
        self.found.append((outputs.argmax(1) == labels).cpu())


def measure(experiment: Experiment, folder: Path, *, sets: Sets) -> Record:
    """Trains a network, from the run of the experiment's parent if it has one, and measures it.

    The record has the run's summary, and `right` by length of runs for a classifier, else `figures`.
    """
    settings = experiment.settings
    config = LsaConfig.from_record(settings["config"])
    data = sets[config.task]
    initial = None if settings["of"] is None else read_initial(folder.parent / settings["of"] / RUN)
    execution = Execution(mixed_precision=settings["mixed_precision"])
    with Progress(quiet=True) as progress:
        summary = run_lsa(config, data.training, folder / RUN, progress, execution, initial=initial, resume=True)
    run = load_run(folder / RUN)
    run.network.to(execution.accelerator(folder).device)
    record: Record = {"run": summary}
    if config.task != "classify":
        return record | {"figures": task_of(config).figures(run.network, data.measured)}
    right = {str(length): _right(_with_length(run, length), data.measured) for length in settings["lengths"]}
    return record | {"test_images": data.measured.test_count, "right": right}


def _right(network: nn.Module, data: ImageSource) -> str:
    found = _Right()
    evaluate_on(network, evaluation_batches(data), [found])
    return packed(torch.cat(found.found))


def _with_length(run: LsaRun, length: int) -> nn.Module:
    """The network with runs of another length; its global attention becomes local, without a position bias."""
    if length == run.config.length:
        return run.network
    letters = run.config.mixers or ""
    changed: Mapping[str, Any] = {"length": length, "mixers": letters.replace("A", "L")}
    if "A" in letters:
        changed = {**changed, "position_bias": False}
    network = build_network(replace(run.config, **changed), run.facts)
    load_weights(network, run.network.state_dict())
    return network.to(next(run.network.parameters()).device)
