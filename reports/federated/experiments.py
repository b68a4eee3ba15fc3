"""The experiments behind chapter 3's tables: a run for each recogniser, kind of clients and seed."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import torch

from models.data.sources import digest_of
from models.federated.training.config import FedAqtConfig
from models.federated.training.evaluation import word_errors
from models.federated.training.run import load_run, run_fedaqt
from models.federated.training.sources import SpeechSource
from models.progress import Progress
from reports.federated.learners import LEARNERS, parts_of
from reports.federated.scales import Material, Scale
from reports.records.experiments import Experiment, Record, run_by_seed

_CODE = ("models/federated", "models/data/speech", "models/training", "reports/federated/experiments.py")

_RUN = "run"

Records = dict[str, dict[int, Record]]
"""Records by name and seed."""


@dataclass(frozen=True)
class Study:
    """Recognisers of one scale, and what they are trained and measured on."""

    material: Material
    scale: Scale

    def experiment(self, name: str, seed: int) -> Experiment:
        """The experiment of a record, with the network that it starts from."""
        learner, clients = parts_of(name)
        start = self._pretraining(seed)
        settings = {
            "config": asdict(self.scale.configured(LEARNERS[learner], seed)),
            "clients": clients,
            "data": self._digests[1],
            "heard": self._heard,
            "of": start.key,
            "trained": start.settings,
        }
        return Experiment("-".join(name.replace(",", "").split()) + f"-seed-{seed}", settings, (start,))

    @cached_property
    def _digests(self) -> tuple[str, str]:
        """Those of what is trained on first, and then; of large data sets they take a while."""
        return self.material.first.digest, self.material.then.digest

    @cached_property
    def _heard(self) -> dict[str, str]:
        """The digests of what recognisers are measured on, by name."""
        return {name: digest_of(one.identity for one in speech.test) for name, speech in self.material.heard.items()}

    def _pretraining(self, seed: int) -> Experiment:
        settings = {
            "config": asdict(self.scale.pretrained(seed)),
            "clients": "iid",
            "data": self._digests[0],
            "heard": self._heard,
            "of": None,
        }
        return Experiment(f"pretrained-seed-{seed}", settings)


def measure_recognisers(
    names: Sequence[str], study: Study, seeds: Sequence[int], out: Path, progress: Progress
) -> Records:
    """Trains and measures recognisers with every seed. A run that was killed resumes from what `out` keeps."""
    experiments = {(name, seed): study.experiment(name, seed) for name in dict.fromkeys(names) for seed in seeds}
    inputs = {"torch": torch.__version__}
    return run_by_seed(experiments, partial(_measure, study=study), out, progress, code=_CODE, inputs=inputs)


def _measure(experiment: Experiment, folder: Path, *, study: Study) -> Record:
    """The record has the run's summary and, for each held-out set, the words of utterances that are wrong and said."""
    settings: dict[str, Any] = experiment.settings
    config, source = FedAqtConfig.from_record(settings["config"]), SpeechSource(clients=settings["clients"])
    material = study.material
    speech = material.first if settings["of"] is None else material.then
    initial = None if settings["of"] is None else load_run(folder.parent / settings["of"] / _RUN)
    with Progress(quiet=True) as progress:
        summary = run_fedaqt(config, speech, source, folder / _RUN, progress, initial=initial, resume=True)
    run = load_run(folder / _RUN)
    client, heard = run.client(), dict[str, Any]()
    for name, held_out in material.heard.items():
        wrong, said = word_errors(client, run.held_out(held_out), run.vocabulary)
        heard[name] = {"wrong": wrong, "said": said}
    return {"run": summary, "heard": heard}
