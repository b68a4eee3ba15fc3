"""Settings of probes. They are collected without torch, so that a command line's help is quick."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Literal, get_args

from tyro.conf import arg

from models.checks import check_above_zero

ProbeName = Literal["cached", "augmented", "knn", "labels", "fine-tuning", "few-shot"]
Baseline = Literal["none", "untrained", "calibrated", "pixels"]

_FEW_LABELS = 0.1
"""The smallest label fraction that has Table 7.3's longer training."""

_FRACTIONS: Mapping[ProbeName, tuple[float, ...]] = {"labels": (0.01, 0.1)}
_RATES: Mapping[ProbeName, tuple[float, ...]] = {"augmented": (3.0,), "fine-tuning": (0.01, 0.03, 0.1)}
_STEPS: Mapping[ProbeName, int] = {"augmented": 20_000, "fine-tuning": 20_000}
_BATCHES: Mapping[ProbeName, int] = {"labels": 240}
_MOST = 1 << 30


@dataclass(frozen=True, kw_only=True)
class ProbeSettings:
    """Options for runs of `train selfsup`: the probes, and how they learn."""

    probe: tuple[ProbeName, ...] = ("cached", "knn")
    """Probes of the encoder, one or more: a linear classifier of its features, on one pass of the images (cached, in
    seconds) or on random crops and flips (augmented, by SGD); k nearest neighbours (knn); fine-tuning of the whole
    network on few labels, as in Table 7.3 (labels), or with a search for the learning rate, as in Table 7.4
    (fine-tuning); heads on episodes (few-shot, see --way and --head)."""
    baseline: Baseline = "none"
    """A baseline to probe in place of the trained encoder: its initial weights (untrained), the same with statistics of
    batch norm from the images (calibrated), or the images themselves (pixels)."""
    label_fraction: tuple[float, ...] = ()
    """Shares of each class's training labels to use, above 0 and up to 1, each evaluated by itself; 0.01 and 0.1 for
    the probe labels and 1 for the others if left out."""
    probe_seed: int = 0
    """Seed of the choice of labels, and of all else that a probe draws; the same labels for every network."""
    l2: float | None = None
    """Penalty of the cached probe: l2 / 2 times the squared norm of the weights; if left out, the power of
    ten from 1 to 1e-5 that does best on a tenth of the labels."""
    neighbours: int = 200
    """Neighbours that vote in knn, each with weight exp(cosine / 0.1)."""
    probe_rate: tuple[float, ...] = ()
    """Learning rates of augmented, labels and fine-tuning; of several, the best on a tenth of the labels is used. If
    left out, 3 for augmented, 0.05 (from a tenth of the labels on 0.1) for labels, and 0.01, 0.03 and 0.1 for
    fine-tuning."""
    probe_decay: tuple[float, ...] = (0.0,)
    """Weight decays of the same probes, searched alike."""
    probe_steps: int | None = None
    """Steps of the same probes. If left out, 20000; for labels 3000, or 60000 with a tenth of the labels and more.
    There are never more than 120 passes over the labelled images."""
    probe_batch: int | None = None
    """Images of a step of the same probes; 240 for labels and 256 for the others if left out."""

    probe_folder: Annotated[Path | None, arg(metavar="DIR")] = None
    """Folder that keeps the checkpoints of augmented, labels and fine-tuning, which go on from them if they were
    killed; a temporary one if left out."""

    def changed(self) -> set[str]:
        """The names of the options that are not at their defaults."""
        return {field.name for field in fields(self) if getattr(self, field.name) != field.default}

    def check(self) -> None:
        """Raises ValueError, naming the option and what is allowed, for impossible settings."""
        from models.training.seeds import check_seed

        check_seed(self.probe_seed)
        allowed = ", ".join(get_args(ProbeName))
        if not self.probe or not set(self.probe) <= set(get_args(ProbeName)):
            raise ValueError(f"probe is {', '.join(self.probe) or 'empty'}; allowed are one or more of {allowed}")
        if self.baseline not in get_args(Baseline):
            raise ValueError(f"baseline is {self.baseline}; allowed are {', '.join(get_args(Baseline))}")
        for fraction in self.label_fraction:
            if not 0 < fraction <= 1:
                raise ValueError(f"label_fraction is {fraction}; allowed are numbers above 0, up to 1")
        for name in ("neighbours", "probe_steps", "probe_batch"):
            value = getattr(self, name)
            if value is not None and not 1 <= value <= _MOST:
                raise ValueError(f"{name} is {value}; allowed are the integers 1 to {_MOST}")
        if self.l2 is not None:
            check_above_zero("l2", self.l2)
        if not all(0 < rate < float("inf") for rate in self.probe_rate):
            raise ValueError(f"probe_rate is {self.probe_rate}; allowed are numbers above 0")
        if not self.probe_decay or not all(0 <= decay <= 1 for decay in self.probe_decay):
            raise ValueError(f"probe_decay is {self.probe_decay}; allowed are numbers from 0 to 1")

    def fractions_of(self, probe: ProbeName) -> tuple[float, ...]:
        """The label fractions of a probe."""
        return self.label_fraction or _FRACTIONS.get(probe, (1.0,))

    def rates_of(self, probe: ProbeName, fraction: float) -> tuple[float, ...]:
        """The learning rates of a probe on a fraction of the labels."""
        return self.probe_rate or _RATES.get(probe, (0.05 if fraction < _FEW_LABELS else 0.1,))

    def steps_of(self, probe: ProbeName, fraction: float) -> int:
        """The largest number of steps of a probe on a fraction of the labels."""
        return self.probe_steps or _STEPS.get(probe, 3000 if fraction < _FEW_LABELS else 60_000)

    def batch_of(self, probe: ProbeName) -> int:
        """The images of a step of a probe."""
        return self.probe_batch or _BATCHES.get(probe, 256)
