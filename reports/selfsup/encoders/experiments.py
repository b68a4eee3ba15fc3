"""The experiments behind chapter 7's tables: a run for each encoder and seed, and its probes."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from models.progress import Progress
from models.selfsup.config import SelfSupConfig
from models.selfsup.probes.evaluation import check_probes
from models.selfsup.probes.settings import ProbeSettings
from models.selfsup.run import build_training
from models.selfsup.views.recipes import ViewRecipe
from reports.records.experiments import Experiment, Record, run_by_seed
from reports.selfsup.encoders.measure import RUN, Study, measure
from reports.selfsup.encoders.names import (
    BASELINES,
    LEARNERS,
    RAW_PIXELS,
    encoder_of,
    is_few_labels,
    is_transferred,
    settings_of,
    trained,
)
from reports.selfsup.encoders.scales import Scale
from reports.selfsup.encoders.sets import LabelledImages, Sets

_CODE = (
    *("models/backbones", "models/selfsup", "models/training"),
    "reports/selfsup/encoders/measure.py",
)

_FIRST = next(iter(LEARNERS))

Records = dict[str, dict[int, Record]]
"""Records by name (see `names`) and seed."""


@dataclass(frozen=True)
class Encoders:
    """Encoders of one kind. imagenet: whether they are those of Tables 7.2 to 7.4 where these have their own."""

    sets: Sets
    scale: Scale
    imagenet: bool = False

    def config(self, name: str, seed: int) -> SelfSupConfig:
        """The training of an encoder; of a baseline, the one whose initial weights it has."""
        settings = settings_of(trained(_FIRST) if name in BASELINES else name)
        return self.scale.configured(settings, seed, imagenet=self.imagenet)

    def recipe(self, seed: int) -> ViewRecipe:
        """The views of all encoders of a seed."""
        return self.config(RAW_PIXELS, seed).view_recipe(self.sets.training[seed].view_size)

    def experiment(self, name: str, seed: int) -> Experiment:
        """The experiment of a name and seed, with those that it starts from."""
        if is_few_labels(name):
            return self._fine_tuned(name, seed, self.scale.few_labels, [self.sets.labelled[seed]], "few-labels")
        if is_transferred(name):
            return self._fine_tuned(name, seed, self.scale.transfer, self.sets.targets, "transfer")
        return self._baseline(name, seed) if name in BASELINES else self._trained(name, seed)

    def check(self, names: Sequence[str], seeds: Sequence[int]) -> None:
        """Raises ValueError, before any training, if images do not suffice for training or for a probe."""
        for seed in {self.sets.training[seed].digest: seed for seed in seeds}.values():
            data = self.sets.training[seed]
            for name in dict.fromkeys(map(encoder_of, names)):
                build_training(self.config(name, seed), data)
            recipe = self.recipe(seed)
            labelled = self.sets.labelled[seed].fitted(data.shape, recipe)
            for settings in (self.scale.probes, *([self.scale.few_labels] if any(map(is_few_labels, names)) else [])):
                check_probes(settings, labelled)
            for target in self.sets.targets:
                check_probes(self.scale.transfer, target.fitted(data.shape, recipe))

    def key(self, name: str, seed: int) -> str:
        """The key of the experiment of an encoder."""
        prefix = "imagenet-" if self.imagenet and self.scale.imagenet is not None else ""
        return f"{prefix}{'-'.join(name.replace(',', '').split())}-seed-{seed}"

    def run_folder(self, name: str, seed: int, out: Path) -> Path:
        """The run of an encoder that `measure_encoders` trains in `out`."""
        return out / "runs" / self.key(name, seed) / RUN

    def _trained(self, name: str, seed: int) -> Experiment:
        settings = self._settings(name, seed, self.scale.probes)
        labelled = {"labelled": self.sets.labelled[seed].digest}
        return Experiment(self.key(name, seed), {"kind": "trained", **settings, **labelled})

    def _baseline(self, name: str, seed: int) -> Experiment:
        if name == RAW_PIXELS and not self.sets.by_seed:
            seed = min(self.sets.labelled)  # pixels have no seed
        settings = self._settings(name, seed, self.scale.probes)
        further = {"baseline": BASELINES[name], "labelled": self.sets.labelled[seed].digest}
        return Experiment(self.key(name, seed), {"kind": "baseline", **settings, **further})

    def _fine_tuned(
        self, name: str, seed: int, probes: ProbeSettings, on: Sequence[LabelledImages], suffix: str
    ) -> Experiment:
        encoder = encoder_of(name)
        start = None if encoder in BASELINES else self._trained(encoder, seed)
        settings = self._settings(encoder, seed, probes)
        further = {
            "of": None if start is None else start.key,
            "trained": None if start is None else start.settings,
            "on": [one.digest for one in on],
        }
        parents = () if start is None else (start,)
        return Experiment(f"{self.key(encoder, seed)}-{suffix}", {"kind": "fine-tuned", **settings, **further}, parents)

    def _settings(self, name: str, seed: int, probes: ProbeSettings) -> dict[str, Any]:
        config = asdict(self.config(name, seed))
        data, precision = self.sets.training[seed].digest, self.scale.precision
        return {"config": config, "data": data, "probes": asdict(probes), "mixed_precision": precision}


def measure_encoders(
    names: Sequence[str], encoders: Encoders, seeds: Sequence[int], out: Path, progress: Progress
) -> Records:
    """Trains and measures encoders with every seed. A run that was killed resumes from what `out` keeps.

    names: of records. Raises ValueError, before any training, if images do not suffice.
    """
    encoders.check(names, seeds)
    experiments = {(name, seed): encoders.experiment(name, seed) for name in dict.fromkeys(names) for seed in seeds}
    sets = encoders.sets
    labelled = {one.digest: one for one in (*sets.labelled.values(), *sets.targets)}
    for one in labelled.values():
        one.share_memory()
    study = Study({one.digest: one for one in sets.training.values()}, labelled)
    return run_by_seed(
        experiments,
        partial(measure, study=study),
        out,
        progress,
        code=_CODE,
        inputs={"torch": torch.__version__},
    )
