"""Trains an encoder of the tables, probes it, or fine-tunes copies of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from models.backbones.encoder import Encoder
from models.progress import Progress
from models.selfsup.baselines import RawPixels, calibrate
from models.selfsup.config import SelfSupConfig
from models.selfsup.networks import build_encoder, stem_of
from models.selfsup.probes.evaluation import predictions
from models.selfsup.probes.images import ProbeData
from models.selfsup.probes.settings import ProbeSettings
from models.selfsup.run import load_run, run_self_supervised
from models.selfsup.training_data import TrainingData
from models.training.execution import Execution
from reports.claims.rightness import packed, unpacked
from reports.records.experiments import Experiment, Record
from reports.selfsup.encoders.sets import LabelledImages

RUN = "run"
"""The folder of an encoder's run, in that of its experiment."""


@dataclass(frozen=True)
class Study:
    """The images that experiments are carried out with, by digest."""

    training: Mapping[str, TrainingData]
    labelled: Mapping[str, LabelledImages]


@dataclass(frozen=True)
class _Given:
    """An experiment's settings, its own folder, and the images."""

    settings: Mapping[str, Any]
    folder: Path
    study: Study
    progress: Progress

    @property
    def config(self) -> SelfSupConfig:
        return SelfSupConfig.from_record(self.settings["config"])

    @property
    def training(self) -> TrainingData:
        return self.study.training[self.settings["data"]]

    @property
    def execution(self) -> Execution:
        return Execution(mixed_precision=self.settings["mixed_precision"])

    @property
    def probes(self) -> ProbeSettings:
        return ProbeSettings(**self.settings["probes"])

    def labelled(self, digest: str) -> ProbeData:
        """A data set for the encoder."""
        found = self.study.labelled[digest]
        return found.fitted(self.training.shape, self.config.view_recipe(self.training.view_size))


def measure(experiment: Experiment, folder: Path, *, study: Study) -> Record:
    """Carries out an experiment; see `experiments`."""
    with Progress(quiet=True) as progress:
        given = _Given(experiment.settings, folder, study, progress)
        return _KINDS[experiment.settings["kind"]](given)


def right_of(record: Mapping[str, Any]) -> Tensor:
    """Whether each test image was classified right, (test images,), float64, from the record of a probe."""
    return unpacked(record["right"], record["test_images"])


def _trained(given: _Given) -> Record:
    folder = given.folder / RUN
    summary = run_self_supervised(
        given.config, given.training, folder, given.progress, given.execution, resume=True, notes=False
    )
    labelled = given.labelled(given.settings["labelled"])
    return {"run": summary, "probes": _probed(given, load_run(folder).encoder, labelled, given.folder / "probes")}


def _baseline(given: _Given) -> Record:
    labelled = given.labelled(given.settings["labelled"])
    kind = given.settings["baseline"]
    encoder = RawPixels(given.training.shape) if kind == "pixels" else _untrained(given)
    if kind == "calibrated":
        calibrate(encoder, labelled.train, given.config.seed)
    return {"probes": _probed(given, encoder, labelled, given.folder / "probes")}


def _fine_tuned(given: _Given) -> Record:
    """An encoder, trained or not, fine-tuned on each of several data sets."""
    of = given.settings["of"]
    encoder = _untrained(given) if of is None else load_run(given.folder.parent / of / RUN).encoder
    return {
        "probes": [
            record | {"target": given.study.labelled[digest].title}
            for digest in given.settings["on"]
            for record in _probed(given, encoder, given.labelled(digest), given.folder / digest)
        ]
    }


def _untrained(given: _Given) -> Encoder:
    config, shape = given.config, given.training.shape
    return build_encoder(config, shape[0], stem_of(config, shape)).eval()


def _probed(given: _Given, encoder: Encoder, data: ProbeData, folder: Path) -> list[Record]:
    """The record of each probe, with a bit for each test image that says whether it was classified right."""
    device = given.execution.accelerator(folder).device
    found = predictions(encoder.to(device), data.on(device), given.probes, folder, given.progress, given.execution)
    return [record | {"right": packed(chosen.cpu() == data.test.labels)} for record, chosen in found]


_KINDS: Mapping[str, Callable[[_Given], Record]] = {
    "trained": _trained,
    "baseline": _baseline,
    "fine-tuned": _fine_tuned,
}
